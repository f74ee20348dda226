import type { PortBinding } from '@capstan/core/plugin'

/** Formats a published port as docker does: `127.0.0.1:8080->80/tcp`. */
export function toPortText(binding: PortBinding): string {
  const { containerPort, protocol } = binding
  return `${toHostText(binding)}->${containerPort}/${protocol}`
}

/** Formats the address and the port of the engine's machine: `127.0.0.1:8080`. */
export function toHostText({ hostAddress, hostPort }: Pick<PortBinding, 'hostAddress' | 'hostPort'>): string {
  const address = hostAddress.includes(':') ? `[${hostAddress}]` : hostAddress
  return `${address === '' ? '' : `${address}:`}${hostPort}`
}
