import type { MessageInitShape } from '@bufbuild/protobuf'
import type { RegistryCredentials } from '@capstan/core'
import { Code, ConnectError } from '@connectrpc/connect'
import type { CredentialsRequest, CredentialsResponseSchema } from '../generated/auth_pb.js'
import type { GetSecretRequest, GetSecretResponseSchema } from '../generated/secrets_pb.js'
import { type GrpcHandler, readBytesMessages } from './grpc-server.js'

/** An unknown secret is NOT_FOUND. BuildKit then fails a step only if the secret is required. */
export function answerSecret(
  secrets: Readonly<Record<string, string | Uint8Array>>,
): (request: GetSecretRequest) => MessageInitShape<typeof GetSecretResponseSchema> {
  return ({ ID }) => {
    const secret = Object.hasOwn(secrets, ID) ? secrets[ID] : undefined
    if (secret === undefined) throw new ConnectError(`secret ${ID} not found`, Code.NotFound)
    return { data: Buffer.from(secret) }
  }
}

/** Empty credentials mean anonymous access. */
export function answerCredentials(
  credentials: (host: string) => Promise<RegistryCredentials | undefined>,
): (request: CredentialsRequest) => Promise<MessageInitShape<typeof CredentialsResponseSchema>> {
  return async ({ Host }) => {
    const found = await credentials(Host)
    return found === undefined ? {} : { Username: found.username, Secret: found.password }
  }
}

/** Receives an archive. BuildKit ends the build after the call has ended. */
export function createOutputHandler(output: (archive: AsyncIterable<Uint8Array>) => Promise<void>): GrpcHandler {
  return ({ messages }) => output(readBytesMessages(messages))
}
