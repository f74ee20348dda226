// @ts-check
import { access } from 'node:fs/promises'
import { join } from 'node:path'
import { jobManagerCapability, runtimeCapability } from '@capstan/core'
import { builtInCapabilities, ContainerJobManager, findHomeDirectory, OperationScope } from '@capstan/core/plugin'
import { chroot } from './container-process.mjs'
import { createContainerStore } from './container-store.mjs'
import { createFolderRuntime } from './folder-runtime.mjs'
import { absenceReasons, remedy, unsupportedOptions } from './unsupported.mjs'

const name = 'folders'
const version = '0.1.0'

/** The plugin. Containers are processes whose root directory is a folder. CAPSTAN_FOLDERS names the folder of all state. */
export const plugin = /** @type {import('@capstan/core').RuntimePlugin<{ readonly root: string }>} */ ({
  name,
  contractVersion: 1,
  isChosen: (env) => Boolean(env.CAPSTAN_FOLDERS),

  async probe({ env, signal }) {
    signal?.throwIfAborted()
    const root = env.CAPSTAN_FOLDERS || join(findHomeDirectory(env), 'capstan-folders')
    const attempt = await tryFolder(root, env.CAPSTAN_FOLDERS ? 'CAPSTAN_FOLDERS' : 'default')
    signal?.throwIfAborted()
    if (attempt !== undefined) return { available: false, chosen: Boolean(env.CAPSTAN_FOLDERS), attempts: [attempt] }
    const provides = [runtimeCapability, jobManagerCapability]
    const missing = builtInCapabilities.filter(({ id }) => provides.every((provided) => provided.id !== id))
    return {
      available: true,
      version,
      endpoint: root,
      location: 'this-machine',
      details: { root },
      provides,
      absent: missing.map(({ id, title }) => ({
        id,
        title,
        reason: absenceReasons[id] ?? 'this runtime does not implement it',
        remedy,
      })),
      unsupportedOptions,
      attempts: [],
      notes: ['processes share the network and the users of this machine: run only programs that you trust'],
    }
  },

  register(scope, { root }) {
    const { runtimeName, packageName, packageVersion } = scope
    const names = { runtime: runtimeName, endpoint: root, packageName, packageVersion }
    const operations = new OperationScope({ runtime: names, keepsAlive: true })
    const { ownerLabels } = scope
    const store = createContainerStore(root)
    const runtime = createFolderRuntime({ type: name, store, operations, ownerLabels })
    scope.provide(runtimeCapability, runtime)
    scope.provide(jobManagerCapability, new ContainerJobManager(runtime, names))
  },
})

/**
 * Resolves with a failed attempt when the folder cannot be used, and with `undefined` otherwise.
 *
 * @param {string} candidate
 * @param {string} source
 */
async function tryFolder(candidate, source) {
  const attempt = /** @type {const} */ ({ candidate, source, step: 'find' })
  if (process.getuid?.() !== 0) {
    const cause = { code: 'EPERM', message: 'chroot needs root' }
    return { ...attempt, cause, remedy: 'run it as root' }
  }
  for (const path of [join(candidate, 'images'), chroot]) {
    const cause = await access(path).then(() => undefined, toCause)
    if (cause !== undefined) return { ...attempt, cause, remedy: `create or install ${path}` }
  }
  return undefined
}

/** @param {unknown} error */
function toCause(error) {
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'UNKNOWN'
  return { code, message: String(error) }
}
