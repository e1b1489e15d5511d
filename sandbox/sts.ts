import { randomBytes } from 'crypto';
import { XMLBuilder } from 'fast-xml-parser';
import type { Role } from './iam';
import { problemsOf, type ApiModel } from './model';
import { requestId, Service, ServiceError, type Answer, type Call, type Caller, type RawRequest, type Surroundings } from './service';
import model from '../models/sts.json';

const API_VERSION = '2011-06-15';
const NAMESPACE = `https://sts.amazonaws.com/doc/${API_VERSION}/`;

const DEFAULT_DURATION_SECONDS = 3_600;

/** A role's own limit, unless its template says otherwise; also AWS's for a role that assumes another. */
const MAX_DURATION_SECONDS = 3_600;

/** Temporary credentials of an assumed role. */
interface Session extends Caller {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly token: string;
  readonly expiresAt: number;
  /** The session token that they were asked for with. */
  readonly origin: string;
}

/** STS's Query API, as far as roles are assumed. */
export class Sts extends Service {
  protected readonly credentialScope: RegExp;

  private readonly sessions: Session[] = [];
  private readonly builder = new XMLBuilder({ ignoreAttributes: false, format: false });

  constructor(surroundings: Surroundings, private readonly roleAt: (arn: string) => Role | undefined, region: string) {
    super('sts', surroundings);
    this.credentialScope = new RegExp(`^(us-east-1|${region})/sts$`);
  }

  /** Who has these credentials, if they are of an assumed role. */
  callerOf(accessKeyId: string, token: string): Caller | undefined {
    const session = this.sessions.find(candidate => candidate.accessKeyId === accessKeyId && candidate.token === token);
    if (session !== undefined && session.expiresAt <= this.surroundings.clock.now()) {
      throw new ServiceError('ExpiredToken', 403, 'The security token included in the request is expired');
    }
    return session;
  }

  /** The token of the process that assumed a role, or the token itself. */
  originOf(token: string): string {
    return this.sessions.find(session => session.token === token)?.origin ?? token;
  }

  protected parse({ body, headers }: RawRequest): Call {
    const { Action: operation = '', Version: version, ...others } = Object.fromEntries(new URLSearchParams(body));
    if (operation !== 'AssumeRole' || version !== API_VERSION) {
      throw new ServiceError('InvalidAction', 400, `Could not find operation ${operation} for version ${version}`);
    }
    const { DurationSeconds: seconds, ...input } = others;
    return {
      operation,
      input: seconds === undefined ? input : { ...input, DurationSeconds: /^\d+$/.test(seconds) ? Number(seconds) : seconds },
      sessionToken: String(headers['x-amz-security-token'] ?? ''),
    };
  }

  protected perform({ operation, input, sessionToken = '' }: Call, caller: Caller | undefined): Answer {
    if (caller === undefined) {
      throw new ServiceError('InvalidClientTokenId', 403, 'The security token included in the request is invalid.');
    }
    const problems = problemsOf(model as ApiModel, operation, input);
    if (problems.length > 0) {
      throw new ServiceError('ValidationError', 400, problems.join('; '));
    }
    const { RoleArn: roleArn, RoleSessionName: name, ExternalId: externalId, DurationSeconds: seconds = DEFAULT_DURATION_SECONDS } = input;
    const role = this.roleAt(String(roleArn));
    if (role === undefined || !mayAssume(caller.role, role, externalId)) {
      // AWS does not say which side refuses, unless it is an explicit deny.
      const why = caller.role.judge('sts:AssumeRole', String(roleArn)) === 'denied' ? ' with an explicit deny in an identity-based policy' : '';
      throw new ServiceError('AccessDenied', 403, `User: ${sessionArn(caller)} is not authorized to perform: sts:AssumeRole on resource: ${String(roleArn)}${why}`);
    }
    if (Number(seconds) > MAX_DURATION_SECONDS) {
      throw new ServiceError('ValidationError', 400, 'The requested DurationSeconds exceeds the MaxSessionDuration set for this role.');
    }
    const session: Session = {
      role,
      session: String(name),
      accessKeyId: `ASIASESSION${String(this.sessions.length + 1).padStart(9, '0')}`,
      secretAccessKey: randomBytes(30).toString('base64'),
      token: randomBytes(120).toString('base64'),
      expiresAt: this.surroundings.clock.now() + Number(seconds) * 1_000,
      origin: this.originOf(sessionToken),
    };
    this.sessions.push(session);
    return this.xml(200, 'AssumeRoleResponse', {
      AssumeRoleResult: {
        AssumedRoleUser: { AssumedRoleId: `AROASANDBOX:${session.session}`, Arn: sessionArn(session) },
        Credentials: {
          AccessKeyId: session.accessKeyId,
          SecretAccessKey: session.secretAccessKey,
          SessionToken: session.token,
          Expiration: new Date(session.expiresAt).toISOString(),
        },
      },
      ResponseMetadata: { RequestId: requestId() },
    });
  }

  protected error({ code, status, message }: ServiceError): Answer {
    return this.xml(status, 'ErrorResponse', {
      Error: { Type: status < 500 ? 'Sender' : 'Receiver', Code: code, Message: message },
      RequestId: requestId(),
    });
  }

  private xml(status: number, root: string, content: object): Answer {
    return { status, body: String(this.builder.build({ [root]: { '@_xmlns': NAMESPACE, ...content } })), headers: { 'content-type': 'text/xml' } };
  }
}

/** Both sides must agree; within one account it is enough that the role names the other one. */
function mayAssume(caller: Role, role: Role, externalId: unknown): boolean {
  const trust = role.trusts(caller, { 'sts:ExternalId': externalId === undefined ? undefined : String(externalId) });
  const judgement = caller.judge('sts:AssumeRole', role.arn);
  return trust !== undefined && (judgement === 'allowed' || judgement === 'not allowed' && trust === 'role' && caller.account === role.account);
}

function sessionArn({ role, session }: Caller): string {
  return `arn:aws:sts::${role.account}:assumed-role/${role.name}/${session}`;
}
