import { createHash } from 'node:crypto'
import { isMain } from '../is-main.mjs'
import { readBusyboxFiles } from './busybox-files.mjs'
import { requestEngine } from './engine-request.mjs'
import { findEngine } from './find-engine.mjs'
import { readIptablesFiles } from './iptables-files.mjs'
import { toTarArchive } from './tar-archive.mjs'

/** The names of the test images. All have the label `capstan.test=1`. */
export const testImages = {
  busybox: 'capstan-test/busybox:1',
  firewall: 'capstan-test/firewall:1',
  fakeBuildKit: 'capstan-test/fake-buildkit:1',
}

/**
 * @typedef {{ readonly name: string, readonly made: true, readonly fresh: boolean } |
 *   { readonly name: string, readonly made: false, readonly reason: string }} TestImageReport
 *   `fresh` is false when the engine had the same image already
 */

/**
 * Creates the images for the integration tests from programs of this machine, because no registry may be available:
 * busybox with all its commands, and the same with iptables and ip6tables (legacy and nft). Keeps an equal existing image.
 * An image that cannot be created is reported with the reason.
 *
 * @param {import('./engine-endpoint.mjs').EngineConnection} connection
 * @returns {Promise<readonly TestImageReport[]>}
 */
export async function makeTestImages(connection) {
  const { Architecture } = JSON.parse((await requestEngine(connection, '/info')).body)
  const busybox = readBusyboxFiles(Architecture)
  return [
    await makeImage(connection, testImages.busybox, busybox),
    await makeImage(connection, testImages.firewall, withFiles(busybox, readIptablesFiles())),
  ]
}

/**
 * @param {readonly import('./tar-archive.mjs').TarEntry[] | string} base
 * @param {readonly import('./tar-archive.mjs').TarEntry[] | string} more
 */
function withFiles(base, more) {
  if (typeof base === 'string') return base
  return typeof more === 'string' ? more : [...base, ...more]
}

/**
 * Creates an image of these files with this name unless the engine has an equal one.
 *
 * @param {import('./engine-endpoint.mjs').EngineConnection} connection
 * @param {string} name
 * @param {readonly import('./tar-archive.mjs').TarEntry[] | string} files a string is the reason why there are none
 * @returns {Promise<TestImageReport>}
 */
export async function makeImage(connection, name, files) {
  if (typeof files === 'string') return { name, made: false, reason: files }
  const archive = toTarArchive(files)
  const digest = createHash('sha256').update(archive).digest('hex')
  const old = await findImage(connection, name)
  if (old?.Config?.Labels?.[digestLabel] === digest) return { name, made: true, fresh: false }
  await importImage(connection, name, archive, digest)
  if (old) await requestEngine(connection, `/images/${old.Id}`, { method: 'DELETE', timeoutMs: 30_000 })
  return { name, made: true, fresh: true }
}

/**
 * @param {import('./engine-endpoint.mjs').EngineConnection} connection
 * @param {string} name
 * @param {Buffer} archive
 * @param {string} digest
 */
async function importImage(connection, name, archive, digest) {
  // The name includes the tag, because Podman ignores a separate `tag` parameter.
  const query = new URLSearchParams({ fromSrc: '-', repo: name })
  const path = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'
  const changes = ['LABEL capstan.test=1', `LABEL ${digestLabel}=${digest}`, `ENV PATH=${path}`, 'CMD ["sh"]']
  for (const change of changes) query.append('changes', change)
  const options = { method: 'POST', body: archive, contentType: 'application/x-tar', timeoutMs: 60_000 }
  const { status, body } = await requestEngine(connection, `/images/create?${query}`, options)
  // The engine sends the status before the import, so a failure is a line of the body.
  if (status !== 200 || body.includes('"errorDetail"'))
    throw new Error(`the engine did not import ${name}: ${body.trim()}`)
}

/**
 * @param {import('./engine-endpoint.mjs').EngineConnection} connection
 * @param {string} name
 */
async function findImage(connection, name) {
  const { status, body } = await requestEngine(connection, `/images/${name}/json`)
  if (status === 404) return undefined
  if (status !== 200) throw new Error(`the engine does not tell whether it has ${name}: ${body.trim()}`)
  return JSON.parse(body)
}

/** The command line: `node tools/engine/test-image.mjs`. */
async function main() {
  const engine = await findEngine()
  if (!engine.available) throw new Error(engine.reason)
  for (const report of await makeTestImages(engine.connection)) {
    console.log(`${report.name}: ${report.made ? (report.fresh ? 'made' : 'is there') : report.reason}`)
  }
}

const digestLabel = 'capstan.test.digest'

if (isMain(import.meta.url)) await main()
