import { givenCheckedSite, givenSecondVersion, stopCheckedSites } from '../../given-checked-site';

afterAll(stopCheckedSites);

test('a page that the invalidation left old is red', async () => {
  const site = await givenCheckedSite({ pages: ['/', '/style.css'] });
  site.edge.faults.keep('/index.html');
  await givenSecondVersion(site);
  const action = await site.run();
  expect(action.errorDetails?.message).toMatch(new RegExp(`^Gave up after 2 minutes \\(timeout of freshnessCheck\\)\\. ${site.edge.url}/ was not fetched again: expected a copy ` +
    "newer than the invalidation \\d.* ago, got an older one \\(status 200, Age \\d+, X-Cache 'Hit from cloudfront', edge location DUB56-P1\\)\\."));
  // A page is not visited again once it was fetched again. On a slow machine, one look may see the second before the invalidation.
  expect(site.visited().filter(url => url === '/style.css').length).toBeLessThan(5);
  expect(site.visited().filter(url => url === '/').length).toBeGreaterThan(8);
});
