// @ts-check
import { randomUUID } from 'node:crypto'
import { readFile, stat } from 'node:fs/promises'
import { runtimeCapability } from '@capstan/core'
import * as core from '@capstan/core/plugin'
import { findTail, readLog, relayOutput } from './container-log.mjs'
import { toCommand } from './container-process.mjs'
import { createContainerRuns } from './container-runs.mjs'
import { toTag } from './container-store.mjs'
import { unsupportedOptions } from './unsupported.mjs'

/** @typedef {import('./container-store.mjs').Container} Container */

/**
 * Creates the runtime. Each method validates its arguments, rejects unsupported options, and runs one operation.
 *
 * @param {object} options
 * @param {string} options.type
 * @param {ReturnType<typeof import('./container-store.mjs').createContainerStore>} options.store
 * @param {core.OperationScope} options.operations
 * @param {core.StringMap} options.ownerLabels
 * @returns {import('@capstan/core').Runtime}
 */
export function createFolderRuntime({ type, store, operations, ownerLabels }) {
  const runs = createContainerRuns({ type, store })

  /**
   * @template T
   * @param {string} operation
   * @param {string} subject
   * @param {import('@capstan/core').OperationOptions | undefined} options
   * @param {(call: core.Operation) => T | PromiseLike<T>} effect
   */
  const run = (operation, subject, options = {}, effect) => operations.run({ operation, subject }, options, effect)

  /**
   * @template T
   * @param {string} operation
   * @param {string} id
   * @param {import('@capstan/core').OperationOptions | undefined} options
   * @param {(container: Container, call: core.Operation) => T | PromiseLike<T>} effect
   */
  const runOn = async (operation, id, options, effect) => {
    core.validateId(id)
    return await run(operation, id, options, async (call) => effect(await runs.require(id), call))
  }

  return {
    type,
    portHost: '127.0.0.1',
    ping: (options) => run('ping', 'images', options, async () => void (await store.listImages())),

    async createContainer(config, options) {
      core.validateContainerConfig(config, options)
      core.checkConfigOptions(type, config, unsupportedOptions)
      const { image, pull, name: id = randomUUID() } = config
      return await run('createContainer', id, options, async ({ undo }) => {
        if (!(await store.hasImage(image))) {
          if (pull === 'never') throw core.createHostError('IMAGE_NOT_FOUND', { image })
          throw core.createHostError('IMAGE_PULL_FAILED', { image, registryText: 'this runtime has no registry' })
        }
        const labels = core.toObjectLabels({ kind: 'container' }, ownerLabels, config.labels)
        const draft = { id, config, labels, createdAt: new Date().toISOString() }
        await store.create(draft, undo).catch(async (cause) => {
          const holder = await store.find(id)
          if (holder === undefined) throw cause
          const sameOwner = core.isSameOwner(holder.labels, ownerLabels)
          throw core.createHostError('NAME_CONFLICT', { name: id, holderId: id, sameOwner }, { cause })
        })
        return id
      })
    },

    startContainer: (id, options) => runOn('startContainer', id, options, async () => void (await runs.start(id))),

    async stopContainer(id, options = {}) {
      core.validateId(id)
      core.validateStopOptions(options)
      await run('stopContainer', id, options, ({ signal }) => runs.stop(id, { graceMs: 10_000, ...options, signal }))
    },

    waitContainer: (id, options) => runOn('waitContainer', id, options, (_, { signal }) => runs.wait(id, signal)),

    async removeContainer(id, options = {}) {
      core.validateId(id)
      core.validateRemoveOptions(options)
      await run('removeContainer', id, options, async ({ signal }) => {
        await runs.stop(id, { graceMs: 0, signal })
        const container = await store.find(id)
        if (container !== undefined) await store.remove(container)
      })
    },

    async containerLogs(id, options = {}) {
      core.validateId(id)
      core.validateLogOptions(options)
      const { since, timestamps, stdout = true, stderr = true, follow = false, tailLines } = options
      const by = { runtime: type, unsupportedOptions }
      core.checkOption(runtimeCapability, 'logs.since', since, by)
      core.checkOption(runtimeCapability, 'logs.timestamps', timestamps, by)
      core.checkOption(runtimeCapability, 'logs.split', stdout !== stderr, by)
      return core.createLogStream({ operations, id, options }, async function* ({ signal }) {
        const { log } = await runs.require(id)
        const isRunning = follow ? { isRunning: () => runs.isRunning(id) } : {}
        yield* readLog('combined', log, { from: await findTail(log, tailLines), ...isRunning, signal })
      })
    },

    containerLogsAll: (id, options) => runOn('containerLogsAll', id, options, ({ log }) => readFile(log)),
    containerState: (id, options) => runOn('containerState', id, options, ({ state }) => state),
    inspectContainer: (id, options) => runOn('inspectContainer', id, options, toInspection),
    getPortBindings: (id, options) => runOn('getPortBindings', id, options, () => new Map()),

    async listContainers(options = {}) {
      core.validateListContainersOptions(options)
      const all = await run('listContainers', 'containers', options, runs.list)
      return all.map(toInfo).filter((container) => core.isListed(container, options))
    },

    async imageExists(tag, options) {
      core.validateImageReference(tag, 'tag')
      return await run('imageExists', tag, options, () => store.hasImage(tag))
    },

    getImageHomeDir: (image, options) => run('getImageHomeDir', image, options, () => '/root'),

    async listImages(options = {}) {
      core.validateListImages(options)
      const tags = await run('listImages', 'images', options, store.listImages)
      const images = tags.map((tag) => ({
        id: tag,
        tags: [tag],
        digests: [],
        sizeBytes: undefined,
        createdAt: undefined,
        labels: {},
      }))
      return images.filter(({ labels }) => core.isListed({ labels }, options))
    },

    async removeImage(id, options) {
      core.validateImageReference(id, 'id')
      await run('removeImage', id, options, async () => {
        const users = (await runs.list()).filter(({ config }) => toTag(config.image) === toTag(id))
        if (users.length === 0) return await store.removeImage(id)
        throw core.createHostError('IN_USE', { subject: id, users: users.map((user) => user.id) })
      })
    },

    async attach(id, options = {}) {
      core.validateAttachOptions(options)
      await runOn('attach', id, options, async ({ log, state }, call) => {
        if (state !== 'running') throw core.createHostError('NOT_RUNNING', { id, state })
        const { size: from } = await stat(log)
        const isRunning = () => runs.isRunning(id)
        await core.pumpOutput(readLog('stdout', log, { from, isRunning, signal: call.signal }), options, call)
      })
    },

    async startAttached(id, options = {}) {
      core.validateAttachOptions(options)
      return await runOn('startAttached', id, options, async ({ log }, call) => {
        const { signal, undo } = call
        const child = await runs.start(id, { isAttached: true })
        const { stdout, stderr } = child ?? { stdout: null, stderr: null }
        if (stdout === null || stderr === null)
          throw core.createHostError('NOT_ATTACHABLE', { id, reason: 'it is running already' })
        // Closing the runtime stops no container.
        const isClosed = () => signal.aborted && !options.signal?.aborted
        undo.add('process', async (own) => isClosed() || (await runs.stop(id, { graceMs: 1000, ...own })))
        const copies = [relayOutput('stdout', stdout, { log, signal }), relayOutput('stderr', stderr, { log, signal })]
        await core.untilAborted(Promise.all(copies.map((copy) => core.pumpOutput(copy, options, call))), signal)
        return await runs.wait(id, signal)
      })
    },

    async resizeTTY(id, size, options) {
      core.validateTerminalSize(size)
      await runOn('resizeTTY', id, options, () => {})
    },

    async getHostAddress(options = {}) {
      core.validateHostAddressOptions(options)
      const { networkId: id } = options
      return await run('getHostAddress', id ?? 'this machine', options, () => {
        if (id !== undefined) throw core.createHostError('NETWORK_NOT_FOUND', { id })
        return undefined
      })
    },

    supportsHostNetwork: () => core.findUnsupportedOption('network.host', unsupportedOptions) === undefined,
    close: () => operations.close(),
  }
}

/** @param {Container} container */
function toInfo({ id, config, state, createdAt, labels }) {
  return { id, name: id, image: config.image, state, createdAt: new Date(createdAt), labels }
}

/** @param {Container} container @returns {import('@capstan/core').ContainerInspection} */
function toInspection({ run, ...container }) {
  const [startedAt, finishedAt] = [run?.startedAt, run?.finishedAt].map((time) => (time ? new Date(time) : undefined))
  const running = container.state === 'running'
  const state = { status: container.state, running, exitCode: run?.exitCode, startedAt, finishedAt }
  const { config } = container
  return {
    ...toInfo(container),
    imageId: toTag(config.image),
    command: toCommand(config),
    state,
    networks: [],
    ports: [],
  }
}
