import { randomUUID } from 'node:crypto'
import { buildServiceCapability, composeManagerCapability, type MissingCapability } from '@capstan/core'
import { type Environment, toOwnerLabels } from '@capstan/core/plugin'
import { onTestFinished } from 'vitest'
import type { DockerDetails } from '../src/engine/docker-details.js'
import type { DockerTimeouts } from '../src/engine/docker-timeouts.js'
import { HttpEngine } from '../src/engine/http-engine.js'
import { unsupportedBuildOptions } from '../src/images/build-options.js'

export interface ConnectedEngine {
  readonly engine: HttpEngine
  readonly warnings: readonly string[]
  /** The owner in the labels of created objects. */
  readonly instance: string
}

export interface EngineAtSocket {
  readonly socketPath: string
  readonly apiVersion: string
  /** What a probe found. Default: a Docker Engine 20.10. */
  readonly details?: DockerDetails
  readonly timeouts?: Partial<DockerTimeouts>
  /** The environment. Default: one without credentials. */
  readonly env?: Environment
}

/** Creates a client for a socket for one test, with a separate owner. */
export function connectEngine(
  { socketPath, apiVersion, details, timeouts = {}, env = noCredentials }: EngineAtSocket,
  changes: Partial<DockerDetails> = {},
): ConnectedEngine {
  const warnings: string[] = []
  const instance = randomUUID()
  const engine = new HttpEngine({
    runtimeName: 'docker',
    ownerLabels: toTestLabels(instance),
    timeouts,
    env,
    warn: (message) => void warnings.push(message),
    details: { ...(details ?? toDetails(socketPath, apiVersion)), ...changes },
  })
  onTestFinished(() => engine.close())
  return { engine, warnings, instance }
}

/** As in the details of Docker 20.10, so that builds use the classic builder. */
export const noBuildKit: MissingCapability = {
  id: buildServiceCapability.id,
  title: buildServiceCapability.title,
  reason: 'Docker 20.10.24 is older than 23, which introduced it',
  remedy: undefined,
}

const noCompose: MissingCapability = {
  id: composeManagerCapability.id,
  title: composeManagerCapability.title,
  reason: 'no Compose 2 was found',
  remedy: undefined,
}

const noCredentials = { DOCKER_CONFIG: '/no/such/directory' }

/** The labels have another machine, so that no concurrent sweep removes the objects. */
function toTestLabels(instanceId: string) {
  const nowhere = { bootId: 'test', pidNamespace: 'test', machineId: 'test', processStart: '1' }
  return toOwnerLabels({ instanceId, pid: process.pid, ...nowhere })
}

function toDetails(path: string, version: string): DockerDetails {
  return {
    endpoint: { url: `unix://${path}`, address: { type: 'socket', path } },
    api: { version, newest: version, oldest: '1.12', pinned: false },
    facts: {
      product: 'docker',
      title: 'Docker',
      hostName: 'host.docker.internal',
      version: '20.10.24',
      operatingSystem: 'Linux',
      osType: 'linux',
      architecture: 'x86_64',
      cpus: 2,
      rootless: false,
      userNamespaces: false,
      location: 'this-machine',
      remoteHost: undefined,
      ociRuntimes: {},
      defaultOciRuntime: undefined,
      logDrivers: [],
      indexServer: undefined,
    },
    unsupportedOptions: unsupportedBuildOptions,
    absent: [noBuildKit, noCompose],
    quirks: {},
    notes: [],
    portHost: '127.0.0.1',
    compose: undefined,
    hostAddress: undefined,
    firewallImage: undefined,
  }
}
