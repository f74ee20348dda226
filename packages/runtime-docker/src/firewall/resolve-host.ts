import type { LookupAddress } from 'node:dns'
import { lookup } from 'node:dns/promises'
import { isIP } from 'node:net'
import { untilAborted } from '@capstan/core'
import type { EngineCall } from '../docker-engine.js'
import { limitCall } from '../transport/call-limit.js'
import { readContainerFile } from './container-file.js'
import { findInHosts, isOutside, isSameHost } from './host-files.js'
import type { NamespaceRunner, RunnerContext } from './namespace-runner.js'
import { findPeer } from './peers.js'

/** Where a name is looked up. */
export interface ResolveContext extends RunnerContext {
  readonly runners: readonly NamespaceRunner[]
}

/**
 * The addresses of a name as the container has them: its own `/etc/hosts`, the peers on its networks, then name servers,
 * asked from where the engine is. Empty: nobody knows it.
 */
export async function resolveHost(context: ResolveContext, host: string, call: EngineCall): Promise<readonly string[]> {
  if (isIP(host) !== 0) return [host]
  for (const source of [readHosts, findPeer, ...toLookups(context)]) {
    const addresses = await source(context, host, call)
    if (addresses.length > 0) return [...new Set(addresses)]
  }
  return []
}

type Source = (context: ResolveContext, host: string, call: EngineCall) => Promise<readonly string[]>

/** What this process would find is what the container would, if both are on one machine. */
function toLookups({ engine }: ResolveContext): readonly Source[] {
  const isHere = engine.details.facts.location === 'this-machine'
  return isHere ? [lookUpHere, lookUpInside] : [lookUpInside, lookUpHere]
}

async function readHosts({ engine, workload }: ResolveContext, host: string, call: EngineCall) {
  const given = workload.extraHosts.map((entry) => [
    entry.slice(0, entry.indexOf(':')),
    entry.slice(entry.indexOf(':') + 1),
  ])
  const asked = given.flatMap(([name = '', address = '']) => (isSameHost(name, host) && isIP(address) ? [address] : []))
  if (asked.length > 0) return asked
  const text = await readContainerFile(engine, workload.id, '/etc/hosts', call)
  return text === undefined ? [] : findInHosts(text, host)
}

async function lookUpHere(_context: ResolveContext, host: string, { signal }: EngineCall): Promise<readonly string[]> {
  const addresses = await lookUp(host, signal)
  signal?.throwIfAborted()
  return addresses.map(({ address }) => address).filter(isOutside)
}

async function lookUpInside({ runners }: ResolveContext, host: string, call: EngineCall): Promise<readonly string[]> {
  for (const runner of runners) {
    try {
      const { output } = await runner.run(toLookupScript(host), call)
      return parseLookup(output)
    } catch {
      call.signal?.throwIfAborted() // else the next way in may do; where none does, nobody knows the name
    }
  }
  return []
}

/** Validated as a host name: no quoting is needed. */
function toLookupScript(host: string): string {
  return `getent ahosts ${host} 2>/dev/null || nslookup ${host} 2>/dev/null`
}

/** Of `getent`, or of `nslookup`, which names the server first. Pure. */
export function parseLookup(output: string): readonly string[] {
  const answer = /^Name:/m.exec(output)
  const lines = (answer === null ? output : output.slice(answer.index)).split(/\r?\n/)
  const pattern = answer === null ? /^(\S+)\s+(?:STREAM|DGRAM|RAW)/ : /^Address(?: \d+)?:\s*(\S+)/
  const found = lines.map((line) => pattern.exec(line)?.[1] ?? '')
  return [...new Set(found.filter(isOutside))]
}

/** A look-up cannot be stopped; it need not be waited for. */
async function lookUp(host: string, signal: AbortSignal | undefined): Promise<readonly LookupAddress[]> {
  const limit = limitCall({ signals: [signal], operation: 'lookup', timeoutMs: lookupTimeoutMs })
  try {
    return await untilAborted(lookup(host, { all: true }), limit.signal)
  } catch {
    return [] // not known, or not in time: who asks looks elsewhere, or says so
  } finally {
    limit.release()
  }
}

const lookupTimeoutMs = 10_000
