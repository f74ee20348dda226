// @ts-check
import { copyIn, copyOut, execToEnd, runToEnd } from '@capstan/container-tools'
import {
  defineNeeds,
  execManagerCapability,
  fileTransferCapability,
  imageManagerCapability,
  networkManagerCapability,
  requireCapabilities,
} from '@capstan/core'

/** What a runtime must provide, for `host.open({ requires: sandboxNeeds.required })`. */
export const sandboxNeeds = defineNeeds({
  required: {
    execs: execManagerCapability,
    files: fileTransferCapability,
    images: imageManagerCapability,
    networks: networkManagerCapability,
  },
})

/**
 * Creates a container with limits and without privileges in an internal network, for commands that are not trusted. All objects
 * have the label of the session. After a failure they are removed.
 *
 * @param {import('@capstan/core').RuntimeScope} scope
 * @param {{ readonly session: string, readonly image: string, readonly signal?: AbortSignal }} options
 */
export async function createSandbox(scope, { session, image, signal }) {
  const { runtime } = scope
  const { execs, files, images, networks } = requireCapabilities(scope, sandboxNeeds.required)
  const labels = { [sessionLabel]: session }
  try {
    const networkId = await networks.createNetwork(`sandbox-${session}`, { labels, internal: true, signal })
    const id = await runtime.createContainer(
      {
        ...{ image, labels, command: ['sleep', '3600'], init: true, workingDirectory: '/work' },
        ...{ memoryBytes: 256 * 2 ** 20, cpus: 1, pidsLimit: 100 },
        ...{ capDrop: ['ALL'], securityOptions: ['no-new-privileges'] },
        network: { mode: 'networks', networks: [{ networkId }] },
      },
      { signal },
    )
    await runtime.startContainer(id, { signal })
    return {
      /**
       * Copies a file or folder of this machine into the container.
       * @param {string} from
       * @param {string} to
       */
      copyIn: async (from, to) => await copyIn(files, id, { from, to, signal }),
      /**
       * Copies a file or folder out of the container, and writes nothing outside of `to`.
       * @param {string} from
       * @param {string} to
       */
      copyOut: async (from, to) => await copyOut(files, id, { from, to, signal }),
      /**
       * Runs a command to its end, for at most a minute and with at most a megabyte of output.
       * @param {readonly string[]} command
       */
      exec: async (command) => await execToEnd(execs, id, command, { ...limits, signal }),
      /**
       * Connects the container to the default network while `work` runs, which gets the address of this machine there.
       * @template T
       * @param {(gateway: string | undefined) => Promise<T>} work
       */
      whileOnline: async (work) => {
        await networks.connectContainer('default', id, { signal })
        try {
          return await work(await runtime.getHostAddress({ signal }))
        } finally {
          await networks.disconnectContainer('default', id)
        }
      },
      /**
       * Keeps the files as an image while a command runs in a container of it.
       * @param {string} tag
       * @param {readonly string[]} command
       */
      commitAndRun: async (tag, command) => {
        await images.commitContainer(id, { tag, signal })
        try {
          return await runToEnd(runtime, { image: tag, command, labels }, { signal })
        } finally {
          await runtime.removeImage(tag)
        }
      },
    }
  } catch (error) {
    await removeSession(scope, session)
    throw error
  }
}

/**
 * Removes the containers and networks of a session by their label, and resolves with their number. Also use it for a session of a
 * program that has crashed; `scope.sweep()` finds those by their owner.
 *
 * @param {import('@capstan/core').RuntimeScope} scope
 * @param {string} session
 */
export async function removeSession(scope, session) {
  const { networks } = requireCapabilities(scope, sandboxNeeds.required)
  const labels = { [sessionLabel]: session }
  const containers = await scope.runtime.listContainers({ labels })
  for (const { id } of containers) await scope.runtime.removeContainer(id)
  const owned = await networks.listNetworks({ labels })
  for (const { id } of owned) await networks.removeNetwork(id)
  return containers.length + owned.length
}

const sessionLabel = 'sandbox.session'
const limits = { timeoutMs: 60_000, maxOutputBytes: 2 ** 20 }
