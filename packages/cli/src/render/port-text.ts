import type { PortBinding } from '@capstan/core/plugin'

/** Formats a published port as docker does: `127.0.0.1:8080->80/tcp`. */
export function toPortText({ hostAddress, hostPort, containerPort, protocol }: PortBinding): string {
  return `${toPrefix(hostAddress)}${hostPort}->${containerPort}/${protocol}`
}

function toPrefix(address: string): string {
  if (address === '') return ''
  return address.includes(':') ? `[${address}]:` : `${address}:`
}
