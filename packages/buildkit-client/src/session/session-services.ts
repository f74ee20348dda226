import { randomBytes } from 'node:crypto'
import type { MessageInitShape } from '@bufbuild/protobuf'
import type { RegistryCredentials } from '@capstan/core'
import { Code, ConnectError } from '@connectrpc/connect'
import { Auth } from '../generated/auth_pb.js'
import type { GetSecretRequest, GetSecretResponseSchema } from '../generated/secrets_pb.js'
import { createUnaryHandler, type GrpcHandler, type GrpcMethod, readBytesMessages } from './grpc-server.js'

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

/**
 * A token in place of a name and a password. `registryToken` is for the requests to one registry. With `identityToken`, BuildKit
 * requests such tokens itself.
 */
export type RegistryToken = { readonly registryToken: string } | { readonly identityToken: string }

/** Finds the credentials for the host of a registry. `undefined` means anonymous access. */
export type FindCredentials = (host: string) => Promise<RegistryCredentials | RegistryToken | undefined>

/**
 * The handlers by which BuildKit gets the credentials of a host. It asks for an authority first, which provides tokens instead of
 * BuildKit. Where there is none, it asks for a name and a password, and requests tokens itself. Empty credentials mean anonymous
 * access. https://github.com/moby/buildkit/blob/v0.32.2/util/resolver/authorizer.go
 */
export function createCredentialHandlers(
  credentials: FindCredentials,
): readonly (readonly [GrpcMethod, GrpcHandler])[] {
  const { credentials: getCredentials, getTokenAuthority, fetchToken } = Auth.method
  // The result is reused for the second call, because a credential helper can take seconds.
  const pendingCredentials = new Map<string, ReturnType<FindCredentials>>()
  const requireToken = async (host: string) => {
    const finding = credentials(host)
    pendingCredentials.set(host, finding)
    const found = await finding
    if (found !== undefined && 'registryToken' in found) return found.registryToken
    throw new ConnectError(`no token is given for ${host}`, Code.Unimplemented)
  }
  return [
    [
      getCredentials,
      createUnaryHandler(getCredentials, async ({ Host }) => {
        const finding = pendingCredentials.get(Host) ?? credentials(Host)
        pendingCredentials.delete(Host)
        const found = await finding
        if (found === undefined || 'registryToken' in found) return {}
        // BuildKit takes a secret without a name as an identity token.
        if ('identityToken' in found) return { Secret: found.identityToken }
        return { Username: found.username, Secret: found.password }
      }),
    ],
    [
      getTokenAuthority,
      createUnaryHandler(getTokenAuthority, async ({ Host }) => {
        await requireToken(Host)
        // BuildKit reuses tokens of an earlier session with the same key. A random key matches none.
        return { PublicKey: randomBytes(32) }
      }),
    ],
    [fetchToken, createUnaryHandler(fetchToken, async ({ Host }) => ({ Token: await requireToken(Host) }))],
  ]
}

/** Receives an archive. BuildKit ends the build after the call has ended. */
export function createOutputHandler(output: (archive: AsyncIterable<Uint8Array>) => Promise<void>): GrpcHandler {
  return ({ messages }) => output(readBytesMessages(messages))
}
