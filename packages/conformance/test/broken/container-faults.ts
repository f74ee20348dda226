import {
  type ContainerConfig,
  type ContainerInspection,
  isHostError,
  type LogChunk,
  type LogStream,
  type Runtime,
} from '@capstan/core'
import { createHostError } from '@capstan/core/plugin'
import { breakPlugin } from './break-plugin.js'
import type { FaultyPlugin } from './faulty-plugin.js'

/** Faults of the runtime itself: lifecycle, logs, attach, config. */
export const containerFaults: readonly FaultyPlugin[] = [
  runtimeFault('removeContainer rejects when the container was removed before', 'RT-013', (runtime) => ({
    removeContainer: async (id, options) => {
      await runtime.containerState(id, options)
      await runtime.removeContainer(id, options)
    },
  })),
  runtimeFault('stopContainer rejects when the container has exited', 'STOP-007', (runtime) => ({
    stopContainer: async (id, options) => {
      const state = await runtime.containerState(id, options).catch(() => undefined)
      if (state === 'exited') throw createHostError('NOT_RUNNING', { id, state })
      await runtime.stopContainer(id, options)
    },
  })),
  runtimeFault('stopContainer waits five seconds by default', 'STOP-012', (runtime) => ({
    stopContainer: (id, options) => runtime.stopContainer(id, { graceMs: 5000, ...options }),
  })),
  runtimeFault('NAME_CONFLICT always has sameOwner true', 'NAME-002', (runtime) => ({
    createContainer: async (config, options) =>
      await runtime.createContainer(config, options).catch((error: unknown) => {
        if (!isHostError(error, 'NAME_CONFLICT')) throw error
        throw createHostError('NAME_CONFLICT', { ...error.facts, sameOwner: true })
      }),
  })),
  runtimeFault('listContainers returns containers with any of the labels', 'LIST-005', (runtime) => ({
    listContainers: async (options = {}) => {
      const { labels = {} } = options
      const all = await runtime.listContainers({ ...options, labels: {} })
      const wanted = Object.entries(labels)
      return wanted.length === 0 ? all : all.filter((one) => wanted.some(([key, value]) => one.labels[key] === value))
    },
  })),
  runtimeFault('getPortBindings resolves for an unknown container', 'NF-008', (runtime) => ({
    getPortBindings: (id, options) =>
      runtime.getPortBindings(id, options).catch(ignore('CONTAINER_NOT_FOUND', new Map())),
  })),
  runtimeFault('waitContainer resolves with a guessed exit code', 'EXIT-011', (runtime) => ({
    waitContainer: (id, options) => runtime.waitContainer(id, options).catch(ignore('EXIT_CODE_UNKNOWN', 0)),
  })),
  runtimeFault('containerLogs marks all chunks as stdout', 'LOG-014', (runtime) => ({
    containerLogs: async (id, options) => toStdout(await runtime.containerLogs(id, options)),
  })),
  runtimeFault('containerLogs ignores tailLines', 'LOG-006', (runtime) => ({
    containerLogs: async (id, { tailLines, ...options } = {}) => {
      if (tailLines !== undefined && tailLines < 0) return await runtime.containerLogs(id, { tailLines })
      return await runtime.containerLogs(id, options)
    },
  })),
  runtimeFault('startAttached ends the output stream of the caller', 'ATT-010', (runtime) => ({
    startAttached: async (id, options) => {
      const exitCode = await runtime.startAttached(id, options)
      options.stdout?.end()
      return exitCode
    },
  })),
  runtimeFault('attach resolves when the container has exited', 'ATT-019', (runtime) => ({
    attach: (id, options) => runtime.attach(id, options).catch(ignore('NOT_RUNNING', undefined)),
  })),
  runtimeFault('resizeTTY accepts an invalid size', 'TTY-006', (runtime) => ({
    resizeTTY: (id, size, options) =>
      runtime.resizeTTY(id, { height: Math.max(1, size.height), width: size.width }, options),
  })),
  runtimeFault('resizeTTY rejects for a container without a terminal', 'TTY-011', (runtime) => {
    const withTerminal = new Set<string>()
    return {
      createContainer: async (config, options) => {
        const id = await runtime.createContainer(config, options)
        if (config.tty === true) withTerminal.add(id)
        return id
      },
      resizeTTY: async (id, size, options) => {
        await runtime.resizeTTY(id, size, options)
        if (!withTerminal.has(id)) throw createHostError('NOT_ATTACHABLE', { id, reason: 'it has no terminal' })
      },
    }
  }),
  configFault('createContainer ignores hostname', 'CFG-009', ({ hostname: _, ...config }) => config),
  configFault('createContainer ignores memoryBytes', 'LIM-001', ({ memoryBytes = 0, ...config }) =>
    memoryBytes < 0 ? { ...config, memoryBytes } : config,
  ),
  configFault('createContainer ignores readOnly of a mount', 'MNT-003', ({ mounts, ...config }) => {
    if (mounts === undefined) return config
    return { ...config, mounts: mounts.map((mount) => ('readOnly' in mount ? { ...mount, readOnly: false } : mount)) }
  }),
  configFault('createContainer publishes ports on all addresses by default', 'PORT-007', ({ ports, ...config }) => {
    if (ports === undefined) return config
    return { ...config, ports: ports.map((port) => ({ hostAddress: '0.0.0.0', ...port })) }
  }),
  runtimeFault('portHost is the name of a host without an address', 'PORT-010', () => ({
    portHost: 'no-such-host.invalid',
  })),
  configFault('createContainer accepts negative memoryBytes', 'IN-013', ({ memoryBytes = 1, ...config }) =>
    memoryBytes > 1 ? { ...config, memoryBytes } : config,
  ),
  configFault('createContainer ignores shmSizeBytes', 'LIM-011', ({ shmSizeBytes: _, ...config }) => config),
  configFault('createContainer ignores exposedPorts', 'PORT-012', ({ exposedPorts: _, ...config }) => config),
  runtimeFault(
    'inspectContainer returns a network of a container that uses that of another one',
    'MODE-008',
    (runtime) => {
      const sharing = new Set<string>()
      return {
        createContainer: async (config, options) => {
          const id = await runtime.createContainer(config, options)
          if (config.network?.mode === 'container') sharing.add(id)
          return id
        },
        inspectContainer: async (id, options) => {
          const seen = await runtime.inspectContainer(id, options)
          const network = {
            networkId: 'bridge',
            networkName: 'bridge',
            ipAddress: undefined,
            ipv6Address: undefined,
            gateway: undefined,
            aliases: [],
          }
          return sharing.has(seen.id) ? { ...seen, networks: [network] } : seen
        },
      }
    },
  ),
  configFault('createContainer ignores the retries of a health check', 'HLTH-002', ({ healthcheck, ...config }) => {
    if (typeof healthcheck !== 'object') return { ...config, ...(healthcheck && { healthcheck }) }
    return { ...config, healthcheck: { ...healthcheck, retries: 1_000_000 } }
  }),
  configFault('createContainer accepts "none" as a health check and keeps that of the image', 'HLTH-005', (config) => {
    const { healthcheck, ...others } = config
    return healthcheck === 'none' ? others : config
  }),
  runtimeFault('listContainers omits the health', 'HLTH-001', (runtime) => ({
    listContainers: async (options) =>
      (await runtime.listContainers(options)).map(({ health: _, ...listed }) => listed),
  })),
  configFault('createContainer ignores maxRetries', 'RST-001', ({ restartPolicy, ...config }) => {
    if (restartPolicy?.name !== 'on-failure') return { ...config, ...(restartPolicy && { restartPolicy }) }
    return { ...config, restartPolicy: { name: 'on-failure', maxRetries: (restartPolicy.maxRetries ?? 5) + 1 } }
  }),
  configFault('createContainer ignores the restart policy "always"', 'RST-003', ({ restartPolicy, ...config }) =>
    restartPolicy?.name === 'always' && config.autoRemove !== true && restartPolicy.maxRetries === undefined
      ? config
      : { ...config, ...(restartPolicy && { restartPolicy }) },
  ),
  runtimeFault('containerLogsAll is empty with the log driver "none"', 'LOG-031', (runtime) => ({
    containerLogsAll: (id, options) =>
      runtime.containerLogsAll(id, options).catch(ignore('LOGS_UNAVAILABLE', new Uint8Array())),
  })),
  runtimeFault('inspectContainer returns exit code 0 while the program runs', 'INSP-004', (runtime) => ({
    inspectContainer: async (id, options) => {
      const seen = await runtime.inspectContainer(id, options)
      return { ...seen, state: { ...seen.state, exitCode: seen.state.exitCode ?? 0 } }
    },
  })),
  runtimeFault('inspectContainer returns published ports after the exit', 'INSP-011', (runtime) => {
    const lastPorts = new Map<string, ContainerInspection['ports']>()
    return {
      inspectContainer: async (id, options) => {
        const seen = await runtime.inspectContainer(id, options)
        if (seen.ports.length > 0) lastPorts.set(seen.id, seen.ports)
        return { ...seen, ports: lastPorts.get(seen.id) ?? [] }
      },
    }
  }),
  runtimeFault('supportsHostNetwork is false and the report does not list network.host', 'MODE-002', () => ({
    supportsHostNetwork: () => false,
  })),
  runtimeFault('getHostAddress ignores networkId', 'ADDR-002', (runtime) => ({
    getHostAddress: async (options) => {
      const address = await runtime.getHostAddress(options)
      return options?.networkId === undefined ? address : '192.0.2.1'
    },
  })),
  runtimeFault('removeImage rejects with an error that is no HostError', 'IMG-007', (runtime) => ({
    removeImage: (id, options) =>
      runtime.removeImage(id, options).catch((error: unknown) => {
        throw isHostError(error, 'IN_USE') ? new Error('409 conflict') : error
      }),
  })),
  runtimeFault('removeImage removes the tag of the base of an image and keeps the base', 'IMG-009', (runtime) => {
    const kept = new Set<string>()
    return {
      removeImage: async (image, options) => {
        const tagged = (await runtime.listImages()).filter(({ tags }) => tags.includes(image))
        await runtime.removeImage(image, options)
        for (const { id } of tagged) kept.add(id)
      },
      imageExists: async (image, options) => kept.has(image) || (await runtime.imageExists(image, options)),
    }
  }),
  runtimeFault('getImageHomeDir rejects for an absent image', 'HOME-001', (runtime) => ({
    getImageHomeDir: async (image, options) => {
      options?.signal?.throwIfAborted()
      if (await runtime.imageExists(image, options)) return await runtime.getImageHomeDir(image, options)
      throw createHostError('IMAGE_NOT_FOUND', { image })
    },
  })),
  runtimeFault('startContainer with an aborted signal starts the container and then rejects', 'ABT-003', (runtime) => ({
    startContainer: async (id, options) => {
      await runtime.startContainer(id)
      options?.signal?.throwIfAborted()
    },
  })),
  runtimeFault('an aborted waitContainer rejects with another error than the reason', 'ABT-022', (runtime) => ({
    waitContainer: (id, options) =>
      runtime.waitContainer(id, options).catch((error: unknown) => {
        throw options?.signal?.aborted ? new Error('aborted', { cause: error }) : error
      }),
  })),
  runtimeFault('listContainers omits the label of the kind of object', 'OWN-001', (runtime) => ({
    listContainers: async (options) =>
      (await runtime.listContainers(options)).map((one) => {
        const { 'capstan.object': _, ...labels } = one.labels
        return { ...one, labels }
      }),
  })),
  runtimeFault('close rejects at the second call', 'CLS-001', (runtime) => {
    let closed = false
    return {
      close: async () => {
        if (closed) throw new Error('closed already')
        closed = true
        await runtime.close()
      },
    }
  }),
  runtimeFault('close stops the containers of startAttached', 'CLS-020', (runtime) => {
    const attached = new Set<string>()
    return {
      startAttached: (id, options) => {
        attached.add(id)
        return runtime.startAttached(id, options).finally(() => attached.delete(id))
      },
      close: async () => {
        await Promise.all([...attached].map((id) => runtime.stopContainer(id, { graceMs: 0 })))
        await runtime.close()
      },
    }
  }),
  runtimeFault('ping resolves after close', 'CLS-002', (runtime) => ({
    ping: (options) => runtime.ping(options).catch(ignore('RUNTIME_UNAVAILABLE', undefined)),
  })),
]

function runtimeFault(
  fault: string,
  failingCase: string,
  runtime: (correct: Runtime) => Partial<Runtime>,
): FaultyPlugin {
  return { fault, failingCase, addFault: (correct) => breakPlugin(correct, { runtime }) }
}

function configFault(
  fault: string,
  failingCase: string,
  change: (config: ContainerConfig) => ContainerConfig,
): FaultyPlugin {
  return runtimeFault(fault, failingCase, (runtime) => ({
    // A caller in plain JavaScript may pass a value that is no object, which is passed on.
    createContainer: (config, options) => runtime.createContainer(isObject(config) ? change(config) : config, options),
  }))
}

function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Resolves with `instead` for an error of this code. */
function ignore<T>(code: Parameters<typeof createHostError>[0], instead: T): (error: unknown) => T {
  return (error) => {
    if (isHostError(error, code)) return instead
    throw error
  }
}

function toStdout(stream: LogStream): LogStream {
  const iterator = stream[Symbol.asyncIterator]()
  const next = async () => {
    const result = await iterator.next()
    return result.done ? result : { ...result, value: { ...result.value, source: 'stdout' as const } }
  }
  const leave = async () => (await iterator.return?.()) ?? ({ done: true, value: undefined } as const)
  const reader: AsyncIterator<LogChunk> = { next, return: leave }
  return { [Symbol.asyncIterator]: () => reader, [Symbol.asyncDispose]: () => stream[Symbol.asyncDispose]() }
}
