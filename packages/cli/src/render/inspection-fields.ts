import type { ContainerInspection } from '@capstan/core'

/** Returns what is known of a container by the names of `docker inspect`, for the templates of `--format`. */
export function toInspectionFields(inspection: ContainerInspection): object {
  const { id, name, image, imageId, command, createdAt, labels, state, health, networks, ports } = inspection
  const { tty = false, interactive = false } = inspection
  const { status, running, exitCode, startedAt, finishedAt } = state
  return {
    Id: id,
    Name: `/${name}`,
    Created: createdAt?.toISOString() ?? '',
    Path: command[0] ?? '',
    Args: command.slice(1),
    Image: imageId,
    State: {
      Status: status,
      Running: running,
      Paused: status === 'paused',
      Restarting: status === 'restarting',
      Dead: status === 'dead',
      ExitCode: exitCode ?? 0,
      StartedAt: startedAt?.toISOString() ?? noTime,
      FinishedAt: finishedAt?.toISOString() ?? noTime,
      // Absent without a health check, as in docker, so that `{{if .State.Health}}` works.
      Health: health === undefined ? null : { Status: health },
    },
    RestartCount: state.restartCount ?? 0,
    Config: { Image: image, Labels: toMap(labels), Tty: tty, OpenStdin: interactive },
    NetworkSettings: { Ports: toMap(toPorts(ports)), Networks: toMap(toNetworks(networks)) },
  }
}

function toPorts(ports: ContainerInspection['ports']): Readonly<Record<string, readonly object[]>> {
  const bindings = new Map<string, readonly object[]>()
  for (const { containerPort, protocol, hostAddress, hostPort } of ports) {
    const port = `${containerPort}/${protocol}`
    bindings.set(port, [...(bindings.get(port) ?? []), { HostIp: hostAddress, HostPort: String(hostPort) }])
  }
  return Object.fromEntries(bindings)
}

function toNetworks(networks: ContainerInspection['networks']): Readonly<Record<string, object>> {
  return Object.fromEntries(
    networks.map(({ networkId, networkName, ipAddress = '', gateway = '', aliases }) => [
      networkName,
      { NetworkID: networkId, IPAddress: ipAddress, Gateway: gateway, Aliases: aliases },
    ]),
  )
}

/** A template treats an object without prototype as a map, in which a missing key is empty. */
function toMap<T>(record: Readonly<Record<string, T>>): Readonly<Record<string, T>> {
  return Object.assign(Object.create(null), record)
}

/** What docker prints for a time that is not known. */
const noTime = '0001-01-01T00:00:00Z'
