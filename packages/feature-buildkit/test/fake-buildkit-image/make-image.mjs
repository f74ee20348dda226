import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync, realpathSync } from 'node:fs'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'vite'
import { readBusyboxFiles } from '../../../../tools/engine/busybox-files.mjs'
import { requestEngine } from '../../../../tools/engine/engine-request.mjs'
import { findEngine } from '../../../../tools/engine/find-engine.mjs'
import { makeImage, testImages } from '../../../../tools/engine/test-image.mjs'
import { isMain } from '../../../../tools/is-main.mjs'

/** @typedef {import('../../../../tools/engine/tar-archive.mjs').TarEntry} TarEntry */

/**
 * Makes sure that the engine has the image of the fake BuildKit: busybox, Node and `flock` of this machine, the
 * fake programs and the recordings that they read. Nothing is pulled. A run with other programs replaces the image.
 *
 * @param {import('../../../../tools/engine/engine-endpoint.mjs').EngineConnection} connection
 */
export async function makeFakeBuildKitImage(connection) {
  const { Architecture } = JSON.parse((await requestEngine(connection, '/info', { timeoutMs: 10_000 })).body)
  const busybox = readBusyboxFiles(Architecture)
  if (typeof busybox === 'string') return makeImage(connection, testImages.fakeBuildKit, busybox)
  return makeImage(connection, testImages.fakeBuildKit, [...busybox, ...(await readFakeBuildKitFiles())])
}

/**
 * Reads the files of the image beside busybox.
 *
 * @returns {Promise<readonly TarEntry[]>}
 */
export async function readFakeBuildKitFiles() {
  return [...readMachinePrograms(), ...(await readPrograms())]
}

/**
 * Reads Node and `flock` of this machine, with their libraries. Alpine's busybox, of the image `moby/buildkit`, has `flock`;
 * Debian's has not.
 *
 * @returns {readonly TarEntry[]}
 */
function readMachinePrograms() {
  const flock = execFileSync('which', ['flock'], { encoding: 'utf8' }).trim()
  const programs = { 'usr/bin/node': realpathSync(process.execPath), 'usr/bin/flock': realpathSync(flock) }
  const libraries = [...execFileSync('ldd', Object.values(programs), { encoding: 'utf8' }).matchAll(/(\/\S+) \(0x/g)]
  const sources = new Map([
    ...libraries.map(([, path = '']) => /** @type {const} */ ([path.slice(1), path])),
    ...Object.entries(programs),
  ])
  const files = [...sources].map(([path, source]) => ({ path, mode: 0o755, content: readFileSync(source) }))
  return [...toDirectories(files), ...files]
}

/**
 * `rootlesskit` simulates the rootless image: the fake BuildKit needs no root.
 *
 * @returns {Promise<readonly TarEntry[]>}
 */
async function readPrograms() {
  const recordings = fileURLToPath(new URL('../../../buildkit-client/test/fixtures/', import.meta.url))
  const entries = [
    { path: `${home}/bin/main.mjs`, content: Buffer.from(await bundle()) },
    ...['buildkitd', 'buildctl'].map((name) => ({
      path: `usr/bin/${name}`,
      mode: 0o755,
      content: Buffer.from(`#!/bin/sh\nexec node /${home}/bin/main.mjs ${name} "$@"\n`),
    })),
    {
      path: 'usr/bin/rootlesskit',
      mode: 0o755,
      content: Buffer.from('#!/bin/sh\nROOTLESSKIT=played exec "$@"\n'),
    },
    ...readdirSync(recordings).map((name) => ({
      path: `${home}/fixtures/${name}`,
      content: readFileSync(`${recordings}${name}`),
    })),
  ]
  return [...toDirectories(entries), ...entries]
}

/** Bundles the programs to one file without dependencies. */
async function bundle() {
  const output = await build({
    configFile: false,
    logLevel: 'error',
    resolve: { conditions: ['@capstan/source', 'module', 'node', 'import', 'default'] },
    ssr: { noExternal: true },
    build: {
      ssr: fileURLToPath(new URL('main.ts', import.meta.url)),
      write: false,
      target: 'node20',
      rolldownOptions: { output: { format: 'es', codeSplitting: false } },
    },
  })
  const [first] = [output].flat()
  if (first === undefined || !('output' in first)) throw new Error('the fake BuildKit was not bundled')
  return first.output[0].code
}

/**
 * @param {readonly { readonly path: string }[]} entries
 * @returns {readonly TarEntry[]}
 */
function toDirectories(entries) {
  /** @param {string} path @returns {readonly string[]} */
  const above = (path) => (dirname(path) === '.' ? [] : [...above(dirname(path)), dirname(path)])
  return [...new Set(entries.flatMap(({ path }) => above(path)))].map((path) => ({ path, directory: true }))
}

/** The command line: `node packages/feature-buildkit/test/fake-buildkit-image/make-image.mjs`. */
async function main() {
  const engine = await findEngine()
  if (!engine.available) throw new Error(engine.reason)
  const report = await makeFakeBuildKitImage(engine.connection)
  console.log(`${report.name}: ${report.made ? (report.fresh ? 'made' : 'exists') : report.reason}`)
}

// The programs find the recordings at the same relative path as here: ../fixtures/
const home = 'opt/fake-buildkit'

if (isMain(import.meta.url)) await main()
