import { lookup } from 'node:dns/promises'
import { isIP } from 'node:net'
import {
  createHostError,
  createUndoStack,
  delay,
  type FirewallRules,
  type HostErrorFacts,
  isHostError,
  untilAborted,
  withUndoFailures,
} from '@capstan/core'
import type { AppleCall, AppleConnection } from '../apple-connection.js'
import type { CliCall } from '../cli/apple-cli.js'
import { findContainerOrGone } from '../container/find-container.js'
import { findDifference, type OpenWays, toFirewallScript, toOutputRules } from './firewall-rules.js'

/**
 * Sets the rules in the guest and proves them by reading them back. It takes `sh` and `iptables` in the image and
 * NET_ADMIN in the container, whose own root can therefore take them away again.
 *
 * Whatever fails: the way out is shut by rules if that can be proved, else the container is killed.
 */
export async function applyFirewall(
  connection: AppleConnection,
  id: string,
  rules: FirewallRules,
  call: AppleCall,
): Promise<void> {
  try {
    const ways = await resolveWays(connection, id, rules, call)
    const difference = await setRules(connection, id, { 4: toOutputRules(ways, 4), 6: toOutputRules(ways, 6) }, call)
    if (difference !== undefined) throw new Error(difference)
  } catch (error) {
    throw await toContained(connection, id, { call, error })
  }
}

type RuleSet = Parameters<typeof toFirewallScript>[0]

/** Gives why the rules do not stand. */
async function setRules(
  connection: AppleConnection,
  id: string,
  rules: RuleSet,
  call: CliCall,
): Promise<string | undefined> {
  const { exitCode, stdout, stderr } = await runInside(connection, id, ['sh', '-c', toFirewallScript(rules)], call)
  const difference = findDifference(stdout.toString('utf8'), rules)
  if (difference !== undefined) return `${difference} ${stderr.trim()}`.trim().slice(0, 500)
  return exitCode === 0 ? undefined : `the script ended with exit code ${exitCode}`
}

function runInside(connection: AppleConnection, id: string, command: readonly string[], call: CliCall) {
  return connection.cli.run(['exec', '--user=0', id, ...command], { ...call, subject: id })
}

/** Names are resolved here, before anything is shut: there is no name service in the guests. */
async function resolveWays(
  connection: AppleConnection,
  id: string,
  { proxyHost, proxyPort, allow = [], dns = 'none' }: FirewallRules,
  call: AppleCall,
): Promise<OpenWays> {
  const wanted = [{ host: proxyHost, port: proxyPort }, ...allow]
  const found = await Promise.all(
    wanted.map(async ({ host, port }) => (await resolve(host, call.signal)).map((address) => ({ address, port }))),
  )
  return { destinations: found.flat(), nameServers: dns === 'none' ? [] : await readNameServers(connection, id, call) }
}

async function resolve(host: string, signal: AbortSignal): Promise<readonly string[]> {
  if (isIP(host) !== 0) return [host]
  const found = await untilAborted(lookup(host, { all: true }), signal).catch((cause: unknown) => {
    signal.throwIfAborted()
    throw new Error(`${host} does not resolve`, { cause })
  })
  return found.map(({ address }) => address)
}

async function readNameServers(connection: AppleConnection, id: string, call: CliCall): Promise<readonly string[]> {
  const { stdout } = await runInside(connection, id, ['cat', '/etc/resolv.conf'], call)
  const servers = [...stdout.toString('utf8').matchAll(/^nameserver\s+(\S+)/gm)].map(([, address = '']) => address)
  return servers.filter((address) => isIP(address) !== 0)
}

type Containment = HostErrorFacts['FIREWALL_FAILED']['containment']

interface Fault {
  readonly call: AppleCall
  readonly error: unknown
}

/** The failure, after the way out was cut; under a signal and a limit of its own. */
async function toContained(connection: AppleConnection, id: string, { call, error }: Fault): Promise<unknown> {
  const { operation } = call
  let containment: Containment = 'unchanged'
  const undo = createUndoStack()
  undo.add('firewall', async ({ signal }) => {
    containment = await contain(connection, id, { operation, subject: id, signal })
  })
  const failures = await undo.run()
  if (call.signal.aborted) return withUndoFailures(call.signal.reason, failures)
  if (isHostError(error, 'NOT_RUNNING') || isHostError(error, 'CONTAINER_NOT_FOUND')) return error
  const reason = error instanceof Error ? error.message : String(error)
  return withUndoFailures(createHostError('FIREWALL_FAILED', { id, reason, containment }, { cause: error }), failures)
}

async function contain(
  connection: AppleConnection,
  id: string,
  call: CliCall & { readonly signal: AbortSignal },
): Promise<Containment> {
  const sealed = { 4: ['-o lo -j ACCEPT'], 6: ['-o lo -j ACCEPT'] }
  const difference = await setRules(connection, id, sealed, call).catch(() => 'it could not be tried')
  if (difference === undefined) return 'sealed'
  await connection.cli.run(['kill', '--signal', 'KILL', id], call)
  for (let left = killedMs / 100; left > 0; left -= 1) {
    const state = (await findContainerOrGone(connection, id, call))?.state
    if (state === undefined || state === 'stopped') return 'killed'
    await delay(100, call)
  }
  return 'unchanged'
}

const killedMs = 10_000
