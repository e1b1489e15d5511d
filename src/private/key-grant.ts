import { CfnResource, Fn, Reference, Stack, Tokenization } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as kms from 'aws-cdk-lib/aws-kms';
import type { IConstruct } from 'constructs';

/** How a pipeline's properties identify a KMS key. */
type KeyName = 'key ARN' | 'key id' | 'alias ARN' | 'alias' | 'key ARN or key id';

/**
 * The statement that allows decryption with the key of an artifact store. CodePipeline identifies the key by its ARN or ID, or by an alias.
 *
 * IAM accepts only the ARN of a key: an alias as a policy's resource means the alias itself and allows nobody to use the key.
 *
 * @see https://docs.aws.amazon.com/codepipeline/latest/APIReference/API_EncryptionKey.html
 * @see https://docs.aws.amazon.com/kms/latest/developerguide/alias-authorization.html
 */
export function decryptStatement(scope: IConstruct, id: string): iam.PolicyStatement {
  const stack = Stack.of(scope);
  const keyArn = (name: string, parts: { readonly region?: string; readonly account?: string } = {}) =>
    stack.formatArn({ service: 'kms', resource: 'key', resourceName: name, ...parts });
  const ofAlias = (alias: string, resource: string) => new iam.PolicyStatement({
    actions: ['kms:Decrypt'],
    resources: [resource],
    conditions: { 'ForAnyValue:StringEquals': { 'kms:ResourceAliases': alias } },
  });
  const part = (index: number) => Fn.select(index, Fn.split(':', id));
  switch (nameOf(stack, id)) {
    case 'alias':
      return ofAlias(id, keyArn('*'));
    case 'alias ARN':
      return ofAlias(part(5), keyArn('*', { region: part(3), account: part(4) }));
    case 'key ARN':
      return decrypt(id);
    case 'key id':
      return decrypt(keyArn(id));
    case 'key ARN or key id':
      // The ID is between the first two ':key/' of 'ARN:key/ARN' and of 'ID:key/ID'. An ARN may be in another account.
      return decrypt(keyArn(Fn.select(1, Fn.split(':key/', `${id}:key/${id}`)), { region: '*', account: '*' }));
  }
}

function decrypt(resource: string): iam.PolicyStatement {
  return new iam.PolicyStatement({ actions: ['kms:Decrypt'], resources: [resource] });
}

function nameOf(stack: Stack, id: string): KeyName {
  // A literal stays as it is. An intrinsic function shows the text that is written in it.
  const text = JSON.stringify(stack.resolve(id));
  if (text.includes(':alias/')) {
    return 'alias ARN';
  }
  if (text.includes('alias/')) {
    return 'alias';
  }
  if (/arn:.*:key\//.test(text)) {
    return 'key ARN';
  }
  const { firstToken: token, length } = Tokenization.reverseString(id);
  return token === undefined ? 'key id' : length === 1 ? nameOfReference(token) : 'key ARN or key id';
}

function nameOfReference(token: object): KeyName {
  if (Reference.isReference(token) && CfnResource.isCfnResource(token.target)) {
    const { target: { cfnResourceType }, displayName } = token;
    if (cfnResourceType === kms.CfnAlias.CFN_RESOURCE_TYPE_NAME) {
      return 'alias';
    }
    if (cfnResourceType === kms.CfnKey.CFN_RESOURCE_TYPE_NAME || cfnResourceType === kms.CfnReplicaKey.CFN_RESOURCE_TYPE_NAME) {
      return displayName === 'Arn' ? 'key ARN' : 'key id';
    }
  }
  return 'key ARN or key id';
}
