import type { PortBinding } from '@capstan/core/plugin'

/** Formats a published port as docker does: `127.0.0.1:8080->80/tcp`. */
export function toPortText({ hostAddress, hostPort, containerPort, protocol }: PortBinding): string {
  const address = hostAddress.includes(':') ? `[${hostAddress}]` : hostAddress
  return `${address === '' ? '' : `${address}:`}${hostPort}->${containerPort}/${protocol}`
}
