// The same three calls with nothing but Node.js: no retry, no check, no words. What a job costs at the least.
import { createHash, createHmac } from 'node:crypto';
import { request } from 'node:https';

const { AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN, AWS_REGION, AWS_ENDPOINT_URL_CLOUDFRONT, AWS_ENDPOINT_URL_CODEPIPELINE } = process.env;
const hash = text => createHash('sha256').update(text).digest('hex');
const hmac = (key, text) => createHmac('sha256', key).update(text).digest();

function send(service, endpoint, method, path, body, headers) {
  const url = new URL(path, endpoint);
  const time = new Date().toISOString().replace(/[-:]|\.\d+/g, '');
  const all = { ...headers, 'host': url.host, 'x-amz-date': time, 'x-amz-security-token': AWS_SESSION_TOKEN };
  const names = Object.keys(all).sort();
  const scope = `${time.slice(0, 8)}/${AWS_REGION}/${service}/aws4_request`;
  const canonical = [method, path, '', ...names.map(name => `${name}:${all[name]}`), '', names.join(';'), hash(body)].join('\n');
  const key = scope.split('/').reduce((previous, part) => hmac(previous, part), `AWS4${AWS_SECRET_ACCESS_KEY}`);
  const signature = hmac(key, ['AWS4-HMAC-SHA256', time, scope, hash(canonical)].join('\n')).toString('hex');
  all.authorization = `AWS4-HMAC-SHA256 Credential=${AWS_ACCESS_KEY_ID}/${scope}, SignedHeaders=${names.join(';')}, Signature=${signature}`;
  return new Promise((resolve, reject) => request(url, { method, headers: all }, async response => {
    let text = '';
    for await (const chunk of response) {
      text += chunk;
    }
    response.statusCode < 300 ? resolve(text) : reject(new Error(text));
  }).on('error', reject).end(body));
}

export async function handler(event) {
  const { id: jobId, data } = event['CodePipeline.job'];
  const { distributionId } = JSON.parse(data.actionConfiguration.configuration.UserParameters);
  const path = `/2020-05-31/distribution/${distributionId}/invalidation`;
  const created = await send('cloudfront', AWS_ENDPOINT_URL_CLOUDFRONT, 'POST', path,
    `<InvalidationBatch xmlns="http://cloudfront.amazonaws.com/doc/2020-05-31/"><Paths><Quantity>1</Quantity><Items><Path>/*</Path></Items></Paths><CallerReference>${jobId}</CallerReference></InvalidationBatch>`,
    { 'content-type': 'application/xml' });
  await send('cloudfront', AWS_ENDPOINT_URL_CLOUDFRONT, 'GET', `${path}/${/<Id>(\w+)/.exec(created)[1]}`, '', {});
  await send('codepipeline', AWS_ENDPOINT_URL_CODEPIPELINE, 'POST', '/', JSON.stringify({ jobId }),
    { 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': 'CodePipeline_20150709.PutJobSuccessResult' });
}
