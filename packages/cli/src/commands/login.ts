import { text } from 'node:stream/consumers'
import type { RegistryCredentials } from '@capstan/core'
import { checkLogin, findCredentials, storeCredentials } from '@capstan/runtime-docker'
import type { Command } from 'commander'
import { CliError } from '../errors/cli-error.js'
import type { Invocation } from '../host/invocation.js'
import { toExamples } from '../options/command-definition.js'
import { parseRegistry } from '../options/registry.js'
import { toJson, writeOutput, writeWarning } from '../render/write-output.js'
import { askLine } from '../terminal/prompt.js'
import type { Call, SetAction } from './command.js'

/** Defines `capstan login`. */
export function define(command: Command, setAction: SetAction): void {
  command
    .description(
      'Checks credentials at a registry and stores them for pulls, pushes and builds, where docker stores them. Without a user, checks the stored ones.',
    )
    .argument('[registry]', 'Host of the registry', 'docker.io')
    .option('-u, --username <name>', 'Set the user')
    .option('-p, --password <password>', 'Set the password, which other users of this machine can see')
    .option('--password-stdin', 'Read the password from stdin')
    .option('--json', 'Print one JSON document')
    .addHelpText(
      'after',
      toExamples({ 'capstan login -u me --password-stdin registry.example < token': 'Log in without a terminal' }),
    )
  setAction<LoginOptions>(command, login)
}

interface LoginOptions {
  readonly username?: string
  readonly password?: string
  readonly passwordStdin?: boolean
  readonly json?: boolean
}

async function login({ invocation, operands, options }: Call<LoginOptions>): Promise<number> {
  const { io, interrupts } = invocation
  const { signal } = interrupts
  const registry = parseRegistry(operands[0])
  const { env } = io
  const stored = await findStored(registry, invocation, options)
  const credentials = stored ?? (await readCredentials(invocation, options))
  const outcome = await checkLogin(registry, credentials, { signal })
  if (!outcome.isAccepted) throw new CliError(`the login at ${registry} failed: ${outcome.reason}`)
  const { identityToken } = outcome
  const place = stored
    ? undefined
    : await storeCredentials(registry, { ...credentials, identityToken }, { env }, { signal })
  if (place !== undefined && 'file' in place) {
    writeWarning(
      io.stderr,
      `the password is stored in ${place.file} without encryption; a credential helper encrypts it`,
    )
  }
  const { username } = credentials
  await writeOutput(io.stdout, options.json ? toJson({ registry, username }) : 'Login Succeeded\n', interrupts)
  return 0
}

/** Finds the stored user and password, if the command line names no user. An identity token cannot be checked. */
async function findStored(
  registry: string,
  { io, interrupts }: Invocation,
  { username, password, passwordStdin }: LoginOptions,
): Promise<RegistryCredentials | undefined> {
  if (username !== undefined || password !== undefined || passwordStdin) return undefined
  const { auth } = await findCredentials(registry, { env: io.env }, interrupts)
  return auth !== undefined && 'username' in auth ? auth : undefined
}

async function readCredentials(
  { io, interrupts }: Invocation,
  { username: given, password, passwordStdin = false }: LoginOptions,
): Promise<RegistryCredentials> {
  if (password !== undefined && passwordStdin) throw new CliError('--password and --password-stdin exclude each other')
  if (passwordStdin && given === undefined) throw new CliError('--password-stdin needs --username')
  const isTerminal = io.stdin.isTTY === true
  if (!isTerminal && (given === undefined || (password === undefined && !passwordStdin))) {
    throw new CliError('stdin is not a terminal', { remedies: ['use --username and --password-stdin'] })
  }
  if (password !== undefined) writeWarning(io.stderr, 'other users can see --password: use --password-stdin')
  const username = given ?? (await askLine('Username: ', { io, interrupts })).trim()
  if (username === '' || username.includes(':')) throw new CliError('the user is empty or contains ":"')
  const secret = password ?? (await readPassword({ io, interrupts }, passwordStdin))
  if (secret === '') throw new CliError('the password is empty')
  return { username, password: secret }
}

async function readPassword(
  { io, interrupts }: Pick<Invocation, 'io' | 'interrupts'>,
  isPiped: boolean,
): Promise<string> {
  if (isPiped) return (await text(io.stdin)).replace(/\r?\n$/, '')
  return await askLine('Password: ', { io, interrupts, isHidden: true })
}
