import type { PortSpec, Protocol } from '@capstan/core'
import { invalidOption } from './invalid-option.js'

/**
 * A published port from `[[ADDRESS:][HOST_PORT]:]CONTAINER_PORT[/PROTOCOL]`, an IPv6 address in brackets.
 *
 * Without an address it is published on every address of the engine's machine, of IPv4 and IPv6: docker's rule.
 *
 * @throws HostError INVALID_ARGUMENT for anything else, ranges of ports too.
 */
export function parsePort(text: string): PortSpec {
  if (/\d-\d/.test(text)) throw invalidOption(option, 'one port each, not a range', text)
  const { address = 'any', host = '', container = '', ...groups } = pattern.exec(text)?.groups ?? {}
  const protocol = (groups.protocol ?? 'tcp').toLowerCase()
  const containerPort = toPort(container)
  const hostPort = host === '' ? undefined : toPort(host)
  if (containerPort === undefined || (host !== '' && hostPort === undefined) || !isProtocol(protocol)) {
    throw invalidOption(option, '[[ADDRESS:][HOST_PORT]:]CONTAINER_PORT[/tcp|udp], ports from 1 to 65535', text)
  }
  const hostAddress = address.replace(/^\[(.*)\]$/, '$1')
  return { containerPort, hostAddress, protocol, ...(hostPort === undefined ? {} : { hostPort }) }
}

function toPort(text: string): number | undefined {
  const port = Number(text)
  return /^\d+$/.test(text) && port >= 1 && port <= 65_535 ? port : undefined
}

function isProtocol(text: string): text is Protocol {
  return text === 'tcp' || text === 'udp'
}

const option = '--publish'
const pattern =
  /^(?:(?:(?<address>\[[0-9a-fA-F:.]+\]|\d+(?:\.\d+){3}):)?(?<host>\d*):)?(?<container>\d+)(?:\/(?<protocol>\w+))?$/
