import { lookup } from 'node:dns/promises'
import { isIP } from 'node:net'
import { networkInterfaces } from 'node:os'
import { untilAborted } from '@capstan/core/plugin'
import type { EngineFacts } from '../engine/docker-details.js'
import type { DockerEndpoint } from '../engine/docker-endpoint.js'
import { hasSameNames, type InfoAnswer } from '../engine/engine-facts.js'
import type { LocalMachine } from '../engine/local-machine.js'

/**
 * Resolves with the host in an endpoint by tcp or ssh if it is another machine; with `undefined` for a socket, for a loopback
 * address, and for an address of this machine if the engine also reports the names of this machine.
 */
export async function findRemoteHost(
  { address }: DockerEndpoint,
  { info, system, signal }: RemoteHostOptions,
): Promise<string | undefined> {
  const host = address.type === 'tcp' ? address.host : await findServiceHost(address, signal)
  if (host === undefined || isLoopback(host)) return undefined
  return hasSameNames(info, system) && (await isOwn(host, signal)) ? undefined : host
}

export interface RemoteHostOptions {
  readonly info: InfoAnswer
  readonly system: LocalMachine
  readonly signal?: AbortSignal | undefined
}

/**
 * Returns the host at which this process reaches published ports. `undefined` for a process in a container with the socket of the
 * engine that runs it: which address reaches the engine's machine depends on the network of the container.
 */
export function toPortHost(
  { remoteHost, location }: Pick<EngineFacts, 'remoteHost' | 'location'>,
  { isContainer }: Pick<LocalMachine, 'isContainer'>,
): string | undefined {
  if (remoteHost !== undefined) return remoteHost
  return location === 'elsewhere' && isContainer ? undefined : '127.0.0.1'
}

async function findServiceHost(
  address: DockerEndpoint['address'],
  signal: AbortSignal | undefined,
): Promise<string | undefined> {
  return address.type === 'service' ? await address.findHost?.({ signal }) : undefined
}

function isLoopback(host: string): boolean {
  return /^(localhost|127(\.\d{1,3}){3}|::1)$/i.test(host)
}

/** Whether an address of the host is one of this machine. */
async function isOwn(host: string, signal: AbortSignal | undefined): Promise<boolean> {
  const own = Object.values(networkInterfaces()).flatMap((addresses = []) => addresses.map(({ address }) => address))
  if (isIP(host) !== 0) return own.includes(host)
  try {
    const found = await untilAborted(lookup(host, { all: true }), signal)
    return found.some(({ address }) => isLoopback(address) || own.includes(address))
  } catch {
    signal?.throwIfAborted()
    return false
  }
}
