import type { PortSpec } from '@capstan/core'
import type { ContainerNetwork, Protocol, StringMap } from '@capstan/core/plugin'
import { findOwner } from './container-settings.js'
import { createOptionError } from './option-error.js'

/**
 * Parses `[[ADDRESS:][HOST_PORT]:]CONTAINER_PORT[/PROTOCOL]`, with an IPv6 address in brackets.
 *
 * Without an address the port is published on all IPv4 and IPv6 addresses of the engine's machine, as in docker.
 *
 * @throws HostError INVALID_ARGUMENT for any other text, including ranges of ports.
 */
export function parsePort(text: string): PortSpec {
  if (/\d-\d/.test(text)) throw createOptionError('--publish', 'a single port (repeat the option for several)', text)
  const { address = 'any', host = '', container = '', ...groups } = portPattern.exec(text)?.groups ?? {}
  const protocol = (groups.protocol ?? 'tcp').toLowerCase()
  const containerPort = toPort(container)
  const hostPort = host === '' ? undefined : toPort(host)
  if (containerPort === undefined || (host !== '' && hostPort === undefined) || !isProtocol(protocol)) {
    const expected = '[[ADDRESS:][HOST_PORT]:]CONTAINER_PORT[/tcp|udp], ports from 1 to 65535'
    throw createOptionError('--publish', expected, text)
  }
  return {
    containerPort,
    hostAddress: withoutBrackets(address),
    protocol,
    ...(hostPort === undefined ? {} : { hostPort }),
  }
}

/**
 * Parses `NAME:ADDRESS` or `NAME=ADDRESS`. The address may be `host-gateway`; an IPv6 address may have brackets.
 *
 * @throws HostError INVALID_ARGUMENT for any other text.
 */
export function parseExtraHost(text: string): readonly [name: string, address: string] {
  const [, name = '', address = ''] = /^([^:=]+)[:=](.+)$/.exec(text) ?? []
  if (address === '') throw createOptionError('--add-host', 'NAME:ADDRESS', text)
  return [name, withoutBrackets(address)]
}

/** The contract has one address per name, docker's client several: a second address is rejected. */
export function parseExtraHosts(texts: readonly string[] = []): StringMap {
  const hosts = new Map<string, string>()
  for (const text of texts) {
    const [name, address] = parseExtraHost(text)
    if ((hosts.get(name) ?? address) !== address)
      throw createOptionError('--add-host', 'a name that has no other address', text)
    hosts.set(name, address)
  }
  return Object.fromEntries(hosts)
}

/**
 * Parses `--network`: a mode, `container:NAME`, or the name or ID of a network. `bridge` and `default` are the default network of
 * the engine.
 */
export function parseNetwork(
  text: string,
): Exclude<ContainerNetwork, { mode: 'networks' }> | { readonly name: string } {
  const owner = findOwner(text)
  if (owner !== undefined) return { mode: 'container', id: owner }
  if (text === 'bridge' || text === 'default') return { mode: 'default' }
  return text === 'none' || text === 'host' ? { mode: text } : { name: text }
}

function toPort(text: string): number | undefined {
  const port = Number(text)
  return /^\d+$/.test(text) && port >= 1 && port <= 65_535 ? port : undefined
}

function isProtocol(text: string): text is Protocol {
  return text === 'tcp' || text === 'udp'
}

function withoutBrackets(address: string): string {
  return address.replace(/^\[(.*)\]$/, '$1')
}

const portPattern =
  /^(?:(?:(?<address>\[[0-9a-fA-F:.]+\]|\d+(?:\.\d+){3}):)?(?<host>\d*):)?(?<container>\d+)(?:\/(?<protocol>\w+))?$/
