import { Invalidations } from '../../src/handler/cloudfront';
import { warmUp } from '../../src/handler/warm-up';

test('a client that throws does not end the function at init: the job reports it', async () => {
  const clients = jest.spyOn(Invalidations, 'warmUp').mockImplementation(() => {
    throw new Error('broken');
  });
  await expect(warmUp()).resolves.toBeUndefined();
  expect(clients).toHaveBeenCalledTimes(1);
  clients.mockRestore();
});
