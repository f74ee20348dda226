import { lookup } from 'node:dns/promises'
import { isIP } from 'node:net'
import { untilAborted } from '@capstan/core/plugin'
import { findInHosts, isRemoteAddress, isSameHost, parseLookup, toLookupScript } from '@capstan/egress-firewall'
import { limitCall } from '../../engine/call-limit.js'
import type { EngineCall } from '../../engine/docker-engine.js'
import { readContainerFile } from './container-file.js'
import type { NamespaceRunner, RunnerContext } from './namespace-runner.js'
import { findPeerAddresses } from './peers.js'

/** The parameters of a lookup. */
export interface ResolveContext extends RunnerContext {
  readonly runners: readonly NamespaceRunner[]
}

/**
 * Finds the addresses of a name as the container resolves it: in its own `/etc/hosts`, among the containers on its
 * networks, then by DNS: first in this process if the engine runs on this machine, otherwise first in the container's
 * network namespace; then the other one. Resolves with an empty list when the name has no address.
 */
export async function resolveHost(context: ResolveContext, host: string, call: EngineCall): Promise<readonly string[]> {
  for (const source of [readHosts, findPeerAddresses, ...toLookups(context)]) {
    const addresses = await source(context, host, call)
    if (addresses.length > 0) return [...new Set(addresses)]
  }
  return []
}

type Source = (context: ResolveContext, host: string, call: EngineCall) => Promise<readonly string[]>

/**
 * Orders the DNS lookups. If the engine runs on this machine, the lookup in this process resolves names as the
 * container does.
 */
function toLookups({ engine }: ResolveContext): readonly Source[] {
  const isHere = engine.details.facts.location === 'this-machine'
  return isHere ? [lookUpHere, lookUpInside] : [lookUpInside, lookUpHere]
}

async function readHosts({ engine, container }: ResolveContext, host: string, call: EngineCall) {
  const given = container.extraHosts.map((entry) => [
    entry.slice(0, entry.indexOf(':')),
    entry.slice(entry.indexOf(':') + 1),
  ])
  const asked = given.flatMap(([name = '', address = '']) => (isSameHost(name, host) && isIP(address) ? [address] : []))
  if (asked.length > 0) return asked
  const text = await readContainerFile(engine, container.id, '/etc/hosts', call)
  return text === undefined ? [] : findInHosts(text, host)
}

/** Stops waiting at an abort or at the limit. Node cannot stop the lookup itself. */
async function lookUpHere(_context: ResolveContext, host: string, { signal }: EngineCall): Promise<readonly string[]> {
  const limit = limitCall({ signals: [signal], operation: 'lookup', timeoutMs: lookupTimeoutMs })
  try {
    const addresses = await untilAborted(lookup(host, { all: true }), limit.signal)
    return addresses.map(({ address }) => address).filter(isRemoteAddress)
  } catch {
    signal?.throwIfAborted()
    return [] // no address, or not in time
  } finally {
    limit.release()
  }
}

async function lookUpInside({ runners }: ResolveContext, host: string, call: EngineCall): Promise<readonly string[]> {
  for (const runner of runners) {
    try {
      const { output } = await runner.run(toLookupScript(host), call)
      return parseLookup(output)
    } catch {
      call.signal?.throwIfAborted() // else the next runner is tried
    }
  }
  return []
}

const lookupTimeoutMs = 10_000
