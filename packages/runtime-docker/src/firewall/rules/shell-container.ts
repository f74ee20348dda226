import type { StringMap } from '@capstan/core/plugin'
import type { CreateBody } from '../../engine/docker-api.js'

/** Returns the body of the create request for a container that runs only a shell script, with the rights that iptables needs. */
export function toShellContainer({ image, script, labels, hostConfig }: ShellContainer): CreateBody {
  return {
    Image: image,
    User: '0:0',
    WorkingDir: '/',
    Entrypoint: ['/bin/sh', '-c', script],
    Cmd: [],
    Healthcheck: { Test: ['NONE'] },
    Labels: labels,
    HostConfig: {
      ...hostConfig,
      CapDrop: ['ALL'],
      CapAdd: ['NET_ADMIN', 'NET_RAW'],
      SecurityOpt: ['no-new-privileges'],
      Tmpfs: { '/run': '' }, // for the lock of iptables, also where the image has no such directory
      LogConfig: { Type: 'json-file', Config: {} }, // the engine's default may be one whose logs cannot be read
    },
  }
}

interface ShellContainer {
  readonly image: string
  readonly script: string
  readonly labels: StringMap
  readonly hostConfig: CreateBody['HostConfig']
}
