import { readFileSync, writeFileSync } from 'node:fs'
import { isMain } from '../is-main.mjs'
import { requestEngine } from './engine-request.mjs'
import { findEngine } from './find-engine.mjs'
import { testImages } from './test-image.mjs'

/**
 * A resource in an engine that remains after its creating process.
 *
 * @typedef {{ readonly kind: string, readonly id: string, readonly name: string, readonly labels: Record<string, string> }} EngineObject
 */

/**
 * Lists the containers, networks, volumes and images of an engine, also images without tags and those between the steps of a
 * build. The name of a test image is that of the test image, whatever other tags it has.
 *
 * @param {import('./engine-endpoint.mjs').EngineConnection} connection
 * @returns {Promise<readonly EngineObject[]>}
 */
export async function listEngineObjects(connection) {
  /** @param {string} path */
  const get = async (path) => {
    const { status, body } = await requestEngine(connection, path)
    if (status !== 200) throw new Error(`the engine does not list ${path}: ${body.trim()}`)
    return JSON.parse(body)
  }
  const [containers, networks, { Volumes: volumes }, images] = await Promise.all(
    ['/containers/json?all=1', '/networks', '/volumes', '/images/json?all=1'].map(get),
  )
  return [
    ...containers.map(toObject('container')),
    ...networks.map(toObject('network')),
    ...(volumes ?? []).map(toObject('volume')),
    ...images.map(toObject('image')),
  ]
}

/**
 * Finds the resources that exist now and did not exist before. The test images are ignored, because they are kept for the next
 * run. An image that existed before is known by its id, also after a newer one has taken its tag. With `isShared`, for an engine
 * with other users, only those with a label of Capstan. With `keepsSteps`, images without tags and owner are ignored: Podman can
 * keep those of the steps of a build when images are removed at the same time.
 *
 * @param {readonly EngineObject[]} before
 * @param {readonly EngineObject[]} now
 * @param {{ readonly isShared: boolean, readonly keepsSteps?: boolean }} options
 */
export function findLeftovers(before, now, { isShared, keepsSteps = false }) {
  const known = new Set(before.map(({ kind, id }) => `${kind} ${id}`))
  return now.filter(({ kind, id, name, labels }) => {
    if (kind === 'image' && isTestImage(name)) return false
    if (keepsSteps && kind === 'image' && name === id && !('capstan.owner.instance' in labels)) return false
    const isSameOwner = !isShared || Object.keys(labels).some((key) => key.startsWith('capstan.'))
    return isSameOwner && !known.has(`${kind} ${id}`)
  })
}

/** @param {string} tag */
function isTestImage(tag) {
  // Podman has the registry before the name.
  return Object.values(testImages).includes(tag.replace(/^docker\.io\//, ''))
}

/** @param {string} kind */
function toObject(kind) {
  /** @param {any} listed @returns {EngineObject} */
  return ({ Id, Name, Names, RepoTags, Labels }) => {
    /** @type {readonly string[]} */
    const tags = RepoTags ?? []
    const tag = tags.find(isTestImage) ?? tags.find((one) => one !== '<none>:<none>')
    return { kind, id: Id ?? Name, name: Name ?? Names?.[0] ?? tag ?? Id, labels: Labels ?? {} }
  }
}

/**
 * The command line: `leftovers.mjs remember FILE`, later `leftovers.mjs compare FILE [--shared]`, which prints the leftovers
 * and exits with 1 if there are any.
 *
 * @param {readonly (string | undefined)[]} args
 */
async function main([command, file = '', ...options]) {
  const engine = await findEngine()
  if (!engine.available) throw new Error(engine.reason)
  const now = await listEngineObjects(engine.connection)
  if (command === 'remember') return writeFileSync(file, JSON.stringify(now))
  const left = findLeftovers(JSON.parse(readFileSync(file, 'utf8')), now, { isShared: options.includes('--shared') })
  for (const { kind, name, labels } of left) console.error(`Left behind: ${kind} ${name} ${JSON.stringify(labels)}`)
  if (left.length > 0) process.exitCode = 1
}

if (isMain(import.meta.url)) await main(process.argv.slice(2))
