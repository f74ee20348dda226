import type { RegistryCredentials } from '@capstan/core'
import { createHostError, type Operation, toFullName } from '@capstan/core/plugin'
import { toErrorText } from '../apple-errors.js'
import type { AppleRuntimeContext } from '../apple-runtime-context.js'

export interface Login {
  readonly reference: string
  readonly credentials: RegistryCredentials
  readonly call: Operation
  /** The code of a failed login. */
  readonly code: 'IMAGE_PULL_FAILED' | 'IMAGE_PUSH_FAILED'
}

/**
 * Runs `work` while logged in at the registry, because `image pull` and `image push` take no credentials. The password is passed
 * by stdin. Rejects with `code` if there is already a login at the registry, because the new one would replace it.
 */
export async function withLogin<T>(context: AppleRuntimeContext, login: Login, work: () => Promise<T>): Promise<T> {
  const { reference, credentials, call, code } = login
  const [server = ''] = toFullName(reference).split('/', 1)
  await rejectExistingLogin(context, { server, reference, call, code })
  const argv = ['registry', 'login', `--username=${credentials.username}`, '--password-stdin', server]
  const logOut = (signal: AbortSignal) =>
    context.cli.run(['registry', 'logout', server], { operation: call.operation, subject: server, signal })
  // Added before the login, because an aborted login may have taken effect.
  call.undo.add('login', ({ signal }) => logOut(signal))
  const result = await context.cli.run(argv, { ...call, input: credentials.password })
  if (result.exitCode !== 0) {
    // The password is removed from the text, which may repeat it.
    const text = toErrorText(result.stderr).replaceAll(credentials.password, '…')
    throw createHostError(code, { image: reference, registryText: `the login failed: ${text}` })
  }
  const outcome = await work()
  await logOut(call.signal)
  return outcome
}

async function rejectExistingLogin(
  context: AppleRuntimeContext,
  { server, reference, call, code }: Omit<Login, 'credentials'> & { readonly server: string },
): Promise<void> {
  const { stdout } = await context.run(['registry', 'list', '--quiet'], { ...call, subject: server })
  const known = stdout.toString('utf8').split(/\s+/)
  if (!known.includes(server)) return
  const registryText = `there is a login at ${server} already, which would be replaced; leave out the credentials to use it, or log out`
  throw createHostError(code, { image: reference, registryText })
}
