import { createHash } from 'crypto';
import { denial } from './iam';
import { problemsOf, type ApiModel } from './model';
import { requestId, Service, ServiceError, type Answer, type Call, type Caller, type RawRequest, type Surroundings } from './service';
import model from '../models/s3.json';

interface StoredObject {
  readonly body: Buffer;
  readonly etag: string;
  readonly lastModified: number;
  readonly kmsKeyArn?: string;
}

/** S3's GetObject, with ranges. */
export class S3 extends Service {
  protected readonly credentialScope: RegExp;

  /** By bucket and key. */
  private readonly objects = new Map<string, StoredObject>();

  constructor(surroundings: Surroundings, region: string) {
    super('s3', surroundings);
    this.credentialScope = new RegExp(`^${region}/s3$`);
  }

  /**
   * What replaces an object is of now. Another one has always been there, since histories may be of days that the sandbox has not seen.
   *
   * @param kmsKeyArn the key of KMS that encrypts it, if any
   */
  put(bucket: string, key: string, body: Buffer, kmsKeyArn?: string): void {
    const lastModified = this.objects.has(`${bucket}/${key}`) ? this.surroundings.clock.now() : 0;
    this.objects.set(`${bucket}/${key}`, { body, etag: `"${createHash('md5').update(body).digest('hex')}"`, lastModified, kmsKeyArn });
  }

  copy(bucket: string, key: string, copy: string): void {
    const object = this.objects.get(`${bucket}/${key}`);
    if (object === undefined) {
      throw new Error(`The sandbox has no object ${key} in the bucket ${bucket}`);
    }
    this.objects.set(`${bucket}/${copy}`, object);
  }

  remove(bucket: string, key: string): void {
    this.objects.delete(`${bucket}/${key}`);
  }

  protected parse({ method, url, headers }: RawRequest): Call {
    const [, bucket, key] = /^\/([^/]+)\/(.+)$/.exec(url.pathname) ?? [];
    if (method !== 'GET' || key === undefined) {
      throw new ServiceError('MethodNotAllowed', 405, 'The specified method is not allowed against this resource.');
    }
    const optional = { Range: headers.range, IfMatch: headers['if-match'] };
    const given = Object.entries(optional).filter(([, value]) => value !== undefined);
    return { operation: 'GetObject', input: { Bucket: decodeURIComponent(bucket), Key: decodeURIComponent(key), ...Object.fromEntries(given) } };
  }

  protected perform({ operation, input }: Call, caller: Caller | undefined): Answer {
    const { Bucket: bucket, Key: key, Range: range, IfMatch: ifMatch } = input as Record<string, string | undefined>;
    if (caller === undefined) {
      throw new ServiceError('InvalidAccessKeyId', 403, 'The AWS Access Key Id you provided does not exist in our records.');
    }
    const problems = problemsOf(model as ApiModel, operation, input);
    if (problems.length > 0) {
      throw new ServiceError('InvalidRequest', 400, problems.join('; '));
    }
    const refuse = (action: string, resource: string) => {
      if (!caller.role.allows(action, resource)) {
        throw new ServiceError('AccessDenied', 403, denial(caller.role, caller.session, action, resource));
      }
    };
    refuse('s3:GetObject', `arn:aws:s3:::${bucket}/${key}`);
    const object = this.objects.get(`${bucket}/${key}`);
    if (object === undefined) {
      // Who may not list a bucket is not told what is not in it.
      refuse('s3:ListBucket', `arn:aws:s3:::${bucket}`);
      throw new ServiceError('NoSuchKey', 404, 'The specified key does not exist.');
    }
    if (object.kmsKeyArn !== undefined) {
      refuse('kms:Decrypt', object.kmsKeyArn);
    }
    if (ifMatch !== undefined && ifMatch !== object.etag) {
      throw new ServiceError('PreconditionFailed', 412, 'At least one of the pre-conditions you specified did not hold');
    }
    return rangeOf(object, range);
  }

  protected error({ code, status, message }: ServiceError): Answer {
    const escaped = message.replace(/[<&]/g, character => character === '<' ? '&lt;' : '&amp;');
    return {
      status,
      headers: { 'content-type': 'application/xml' },
      body: `<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>${code}</Code><Message>${escaped}</Message><RequestId>${requestId()}</RequestId></Error>`,
    };
  }
}

function rangeOf({ body, etag, lastModified }: StoredObject, range: string | undefined): Answer {
  const headers = { 'etag': etag, 'last-modified': new Date(lastModified).toUTCString(), 'accept-ranges': 'bytes', 'content-type': 'application/zip' };
  if (range === undefined) {
    return { status: 200, body, headers };
  }
  const [, first, last] = /^bytes=(\d*)-(\d*)$/.exec(range) ?? [];
  const start = first === '' ? Math.max(0, body.length - Number(last)) : Number(first);
  const end = first === '' || last === '' ? body.length - 1 : Math.min(Number(last), body.length - 1);
  if (first === undefined || start > end) {
    throw new ServiceError('InvalidRange', 416, 'The requested range is not satisfiable');
  }
  return { status: 206, body: body.subarray(start, end + 1), headers: { ...headers, 'content-range': `bytes ${start}-${end}/${body.length}` } };
}
