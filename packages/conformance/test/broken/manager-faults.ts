import { type ImageBuilder, isHostError, type NetworkManager, type OperationOptions } from '@capstan/core'
import { createHostError } from '@capstan/core/plugin'
import { withParts } from '../../src/plugin/map-provided.js'
import { breakPlugin } from './break-plugin.js'
import type { FaultyPlugin } from './faulty-plugin.js'

/** Faults of the managers. */
export const managerFaults: readonly FaultyPlugin[] = [
  builderFault('buildImage ignores pull', 'BLD-025', (builder) => ({
    buildImage: (dockerfile, tag, options) => builder.buildImage(dockerfile, tag, { ...options, pull: false }),
  })),
  builderFault('buildImage reports a failed build without exit code and last lines', 'BLD-007', (builder) => ({
    buildImage: (dockerfile, tag, options) =>
      builder.buildImage(dockerfile, tag, options).catch((error: unknown) => {
        if (!isHostError(error, 'BUILD_FAILED')) throw error
        throw createHostError('BUILD_FAILED', { ...error.facts, exitCode: undefined, lastLines: [] })
      }),
  })),
  builderFault('buildImage ignores noCache', 'BLD-024', (builder) => {
    const cached = new Set<string>()
    return {
      buildImage: async (dockerfile, tag, options) => {
        if (!cached.has(dockerfile))
          return await builder.buildImage(dockerfile, tag, options).then(() => void cached.add(dockerfile))
        await builder.buildImage(dockerfile, tag, { ...options, onProgress: () => {} })
      },
    }
  }),
  builderFault('buildImage builds again for additional tags', 'BLD-027', (builder) => ({
    buildImage: async (dockerfile, tag, options) => {
      await builder.buildImage(dockerfile, tag, options)
      if (options?.tags !== undefined) await builder.buildImage(dockerfile, tag, options)
    },
  })),
  builderFault('buildImage validates additional tags after the build', 'BLD-028', (builder) => ({
    buildImage: async (dockerfile, tag, options) => {
      const tags = options?.tags ?? []
      const bad = tags.findIndex((further) => further.startsWith('-'))
      await builder.buildImage(dockerfile, tag, { ...options, tags: bad === -1 ? tags : tags.slice(0, bad) })
      if (bad === -1) return
      const facts = { field: `tags[${bad}]`, expected: 'a name', given: String(tags[bad]) }
      throw createHostError('INVALID_ARGUMENT', facts)
    },
  })),
  {
    fault: 'setupFirewall sets no rules and resolves',
    failingCase: 'FW-001',
    addFault: (correct) =>
      breakPlugin(correct, {
        firewalls: (_firewalls, runtime) => ({
          setupFirewall: async (id, _rules, options) => void (await runtime.getPortBindings(id, options)),
        }),
      }),
  },
  {
    fault: 'an aborted createNetwork does not remove the network',
    failingCase: 'ABT-031',
    addFault: (correct) => breakPlugin(correct, { networks: leakWhenAborted }),
  },
  {
    fault: 'removeNetwork rejects with IN_USE without users',
    failingCase: 'NET-008',
    addFault: (correct) =>
      breakPlugin(correct, {
        networks: (networks) => ({
          removeNetwork: (id, options) => networks.removeNetwork(id, options).catch(withoutUsers),
        }),
      }),
  },
  {
    fault: 'removeNetwork rejects when the network was removed before',
    failingCase: 'NET-005',
    addFault: (correct) =>
      breakPlugin(correct, {
        networks: (networks) => ({
          removeNetwork: async (id, options) => {
            const listed = await networks.listNetworks(options)
            // The correct plugin rejects values that are not ids.
            if (isName(id) && !listed.some((one) => one.id === id)) throw createHostError('NETWORK_NOT_FOUND', { id })
            await networks.removeNetwork(id, options)
          },
        }),
      }),
  },
  networkFault('connectContainer ignores the aliases', 'NET-023', (networks) => ({
    connectContainer: (networkId, id, { aliases = [], ...options } = {}) =>
      // The correct plugin rejects values that are not names.
      networks.connectContainer(networkId, id, aliases.every(isName) ? options : { ...options, aliases }),
  })),
  networkFault('connectContainer rejects when the container is connected already', 'NET-025', (networks) => ({
    connectContainer: async (networkId, id, options) => {
      const isConnected = async () => {
        const { members } = await networks.inspectNetwork(networkId)
        return members.some(({ containerId }) => containerId === id)
      }
      if (isName(networkId) && isName(id) && (await isConnected().catch(() => false))) {
        throw createHostError('IN_USE', { subject: `network "${networkId}"`, users: [id] })
      }
      await networks.connectContainer(networkId, id, options)
    },
  })),
  networkFault('disconnectContainer resolves and keeps the connection', 'NET-023', (networks) => ({
    disconnectContainer: (networkId, id, options) => networks.disconnectContainer(networkId, `${id}-other`, options),
  })),
  networkFault('inspectNetwork lists no members', 'NET-022', (networks) => ({
    inspectNetwork: async (id, options) => ({ ...(await networks.inspectNetwork(id, options)), members: [] }),
  })),
  {
    fault: 'a failed startSidecar does not remove its container',
    failingCase: 'SIDE-006',
    addFault: (correct) =>
      breakPlugin(correct, {
        sidecars: (_sidecars, runtime) => ({
          startSidecar: async ({ networks = [], ...config }, options) => {
            const [first, ...others] = networks
            const network = first && ({ mode: 'networks', networks: [first, ...others] } as const)
            const id = await runtime.createContainer({ ...config, ...(network && { network }) }, options)
            await runtime.startContainer(id, options)
            return id
          },
        }),
      }),
  },
  {
    fault: 'inspectContainer of the sidecar manager returns another exit code than that of the runtime',
    failingCase: 'INSP-010',
    addFault: (correct) =>
      breakPlugin(correct, {
        sidecars: (sidecars) => ({
          inspectContainer: async (id, options) => {
            const seen = await sidecars.inspectContainer(id, options)
            return { ...seen, state: { ...seen.state, exitCode: seen.state.exitCode ?? 0 } }
          },
        }),
      }),
  },
  {
    fault: 'kill resolves with true without effect',
    failingCase: 'EXEC-018',
    addFault: (correct) =>
      breakPlugin(correct, {
        exec: (exec) => ({
          exec: async (id, command, options) =>
            withParts(await exec.exec(id, command, options), { kill: async () => true }),
        }),
      }),
  },
  {
    fault: 'exec rejects when the command is missing',
    failingCase: 'EXEC-011',
    addFault: (correct) =>
      breakPlugin(correct, {
        exec: (exec) => ({
          exec: async (id, command, options) => {
            if (command[0]?.startsWith('/capstan-no')) {
              throw createHostError('COMMAND_NOT_STARTED', { id, command, exitCode: 127 })
            }
            return await exec.exec(id, command, options)
          },
        }),
      }),
  },
  {
    fault: 'exec ignores privileged',
    failingCase: 'EXEC-026',
    addFault: (correct) =>
      breakPlugin(correct, {
        exec: (exec) => ({
          exec: (id, command, options) =>
            // The correct plugin rejects values that are not booleans.
            exec.exec(id, command, options?.privileged === true ? { ...options, privileged: false } : options),
        }),
      }),
  },
  {
    fault: 'createVolume resolves when the name is taken',
    failingCase: 'VOL-002',
    addFault: (correct) =>
      breakPlugin(correct, {
        volumes: (volumes) => ({
          createVolume: (name, options) =>
            volumes.createVolume(name, options).catch((error: unknown) => {
              if (isHostError(error, 'NAME_CONFLICT')) return name
              throw error
            }),
        }),
      }),
  },
  keepFault('removeContainer keeps anonymous volumes', true),
  keepFault('removeContainer ignores keepVolumes', false),
  {
    fault: 'loadImages resolves with no images when the data is no archive',
    failingCase: 'XFER-006',
    addFault: (correct) =>
      breakPlugin(correct, {
        transfer: (transfer) => ({
          loadImages: async (tar, options) =>
            await transfer.loadImages(tar, options).catch((error: unknown) => {
              if (isHostError(error, 'RUNTIME_UNAVAILABLE') || options?.signal?.aborted) throw error
              return []
            }),
        }),
      }),
  },
  {
    fault: 'pullImage rejects with an error that contains the password',
    failingCase: 'XFER-009',
    addFault: (correct) =>
      breakPlugin(correct, {
        transfer: (transfer) => ({
          pullImage: (reference, options) =>
            transfer.pullImage(reference, options).catch((error: unknown) => {
              if (!isHostError(error, 'IMAGE_PULL_FAILED')) throw error
              const cause = new Error(`POST /images/create with ${options?.credentials?.password}`)
              throw createHostError('IMAGE_PULL_FAILED', error.facts, { cause })
            }),
        }),
      }),
  },
  {
    fault: 'removeNetwork in a sweep ignores that another owner uses the network',
    failingCase: 'SWP-014',
    addFault: (correct) =>
      breakPlugin(correct, {
        networks: (networks) => ({
          removeNetwork: (id, options) =>
            networks.removeNetwork(id, options).catch((error: unknown) => {
              // Resolves for a sweep only, so that the cases of networks, which verify the users, still pass.
              if (isHostError(error, 'IN_USE') && isSweep(options)) return
              throw error
            }),
        }),
      }),
  },
]

function builderFault(
  fault: string,
  failingCase: string,
  builder: (correct: ImageBuilder) => Partial<ImageBuilder>,
): FaultyPlugin {
  return { fault, failingCase, addFault: (correct) => breakPlugin(correct, { builder }) }
}

/** A plugin whose `removeContainer` always keeps, or never keeps, anonymous volumes. */
function keepFault(fault: string, keepVolumes: boolean): FaultyPlugin {
  return {
    fault,
    failingCase: 'VOL-011',
    addFault: (correct) =>
      breakPlugin(correct, {
        runtime: (runtime) => ({
          removeContainer: async (id, options = {}) => {
            const isInvalid = !['boolean', 'undefined'].includes(typeof options.keepVolumes)
            await runtime.removeContainer(id, isInvalid ? options : { ...options, keepVolumes })
          },
        }),
      }),
  }
}

function networkFault(
  fault: string,
  failingCase: string,
  networks: (correct: NetworkManager) => Partial<NetworkManager>,
): FaultyPlugin {
  return { fault, failingCase, addFault: (correct) => breakPlugin(correct, { networks }) }
}

function leakWhenAborted(networks: NetworkManager): Partial<NetworkManager> {
  return {
    createNetwork: async (name, { signal, ...options } = {}) => {
      signal?.throwIfAborted()
      const id = await networks.createNetwork(name, options)
      await new Promise((resolve) => setTimeout(resolve, 5))
      signal?.throwIfAborted()
      return id
    },
  }
}

function withoutUsers(error: unknown): never {
  if (!isHostError(error, 'IN_USE')) throw error
  throw createHostError('IN_USE', { ...error.facts, users: [] })
}

function isName(id: unknown): boolean {
  return typeof id === 'string' && /^[a-z0-9][^ ]*$/i.test(id)
}

/** Tells a sweep from the cases of networks: only the sweep passes a signal. */
function isSweep(options: OperationOptions | undefined): boolean {
  return options?.signal !== undefined
}
