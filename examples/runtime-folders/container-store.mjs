// @ts-check
import { randomUUID } from 'node:crypto'
import { access, cp, mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createProcessReader, toFamiliarName, toFullName } from '@capstan/core/plugin'

/**
 * @typedef {{ pid: number, processStart?: string | undefined, startedAt: string }} Run the last start of a container
 * @typedef {{ finishedAt: string, exitCode: number }} Exit
 * @typedef {object} Draft
 * @property {string} id also the name
 * @property {import('@capstan/core').ContainerConfig} config
 * @property {import('@capstan/core/plugin').StringMap} labels
 * @property {string} createdAt
 * @typedef {Draft & { folder: string, rootfs: string, log: string, run?: Run & Partial<Exit>, state: State }} Container
 * @typedef {'created' | 'running' | 'exited'} State
 */

/**
 * Stores images and containers as folders. All state is on disk, so that other processes can read it.
 *
 * @param {string} root
 */
export function createContainerStore(root) {
  const images = join(root, 'images')
  const containers = join(root, 'containers')
  const toImageFolder = (/** @type {string} */ image) => join(images, toTag(image).replaceAll('/', '%2F'))

  /**
   * @param {string} id
   * @returns {Promise<Container | undefined>}
   */
  async function find(id) {
    const folder = join(containers, encodeURIComponent(id))
    const draft = id.startsWith('.') ? undefined : await readJson(join(folder, 'container.json'))
    const run = draft && (await readJson(join(folder, 'run.json')))
    const paths = { folder, rootfs: join(folder, 'rootfs'), log: join(folder, 'log') }
    return draft && { ...draft, ...paths, run, state: await toState(run) }
  }

  return {
    find,

    listIds: () => readdir(containers).catch(() => []),

    /** @param {Draft} draft @param {import('@capstan/core/plugin').UndoStack} undo */
    async create(draft, undo) {
      const part = join(containers, `.${randomUUID()}`)
      const folder = join(containers, draft.id)
      undo.add('copy of the image', () => remove(part))
      await mkdir(part, { recursive: true })
      await cp(toImageFolder(draft.config.image), join(part, 'rootfs'), { recursive: true, verbatimSymlinks: true })
      await writeFile(join(part, 'log'), '')
      await writeFile(join(part, 'container.json'), JSON.stringify(draft))
      // Rejects when another container has the name.
      await rename(part, folder)
      undo.add('container', () => remove(folder))
    },

    /** @param {Container} container */
    async remove({ folder }) {
      const part = join(containers, `.${randomUUID()}`)
      await rename(folder, part).catch(ignoreAbsence)
      await remove(part)
    },

    /** Writes the record of a run; readers see the old or the new one. @param {Container} container @param {Run & Partial<Exit>} run */
    async record({ folder }, run) {
      const part = join(folder, `.${randomUUID()}`)
      await writeFile(part, JSON.stringify(run)).then(() => rename(part, join(folder, 'run.json')))
    },

    listImages: async () => (await readdir(images)).map((name) => name.replaceAll('%2F', '/')),
    hasImage: (/** @type {string} */ image) => access(toImageFolder(image)).then(...isFulfilled),
    removeImage: (/** @type {string} */ image) => remove(toImageFolder(image)),
  }
}

/** Returns the full tag of an image, which is also its id. @param {string} image */
export function toTag(image) {
  return toFamiliarName(toFullName(image))
}

/** @param {Run & Partial<Exit> | undefined} run @returns {Promise<State>} */
async function toState(run) {
  if (run === undefined || run.exitCode !== undefined) return run ? 'exited' : 'created'
  const start = await createProcessReader().readStart(run.pid)
  return start !== undefined && start === run.processStart ? 'running' : 'exited'
}

/** @param {string} path */
async function readJson(path) {
  const text = await readFile(path, 'utf8').catch(ignoreAbsence)
  return text === undefined ? undefined : JSON.parse(text)
}

/** @param {string} path */
async function remove(path) {
  await rm(path, { recursive: true, force: true })
}

/** @param {unknown} error */
export function ignoreAbsence(error) {
  if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error
}

const isFulfilled = /** @type {const} */ ([() => true, () => false])
