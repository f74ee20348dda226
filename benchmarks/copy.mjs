import { request } from 'node:http'
import { createRuntimeHost, fileTransferCapability, requireCapabilities } from '@capstan/core'
import { dockerPlugin } from '@capstan/runtime-docker'
import { measurePairs, toElapsed } from './measure.mjs'
import { createRawEngine } from './raw-engine.mjs'

export const title = 'copy of a file of 500 MB in and out as a tar archive / the same raw requests'
export const target = 1.05
export const needsEngine = true

/** Also measures by how much the memory of this process grows at most during one copy. */
export async function run({ pairs, image, socketPath }) {
  const host = createRuntimeHost({ plugins: [dockerPlugin()] })
  const scope = await host.open()
  const { files } = requireCapabilities(scope, { files: fileTransferCapability })
  const raw = createRawEngine(socketPath)
  const id = await scope.runtime.createContainer({ image })
  const count = Math.min(pairs, maxPairs)
  try {
    const into = await measurePairs({
      capstan: () => toElapsed(() => files.putArchive(id, '/etc', createArchive())),
      baseline: () => toElapsed(() => putRaw(socketPath, id)),
      pairs: count,
    })
    const growth = await measureGrowth(() => files.putArchive(id, '/etc', createArchive()))
    const out = await measurePairs({
      capstan: () => toElapsed(async () => await count500(await files.getArchive(id, `/etc/${name}`))),
      baseline: () =>
        toElapsed(async () => await count500(await raw.stream('GET', `/containers/${id}/archive?path=/etc/${name}`))),
      pairs: count,
    })
    const outGrowth = await measureGrowth(async () => await count500(await files.getArchive(id, `/etc/${name}`)))
    return [
      { ...into, label: 'in', ...toMemory(growth) },
      { ...out, label: 'out', ...toMemory(outGrowth) },
    ]
  } finally {
    await scope.runtime.removeContainer(id)
    raw.close()
    await host[Symbol.asyncDispose]()
  }
}

/** Yields a tar archive with one file. Its blocks share their memory, so that making them costs nothing. */
async function* createArchive() {
  yield createHeader()
  for (let left = size; left > 0; left -= block.length) yield block
  yield Buffer.alloc(1024)
}

function createHeader() {
  const header = Buffer.alloc(512)
  header.write(name, 0)
  header.write('0000644\0', 100)
  header.write('0000000\0', 108)
  header.write('0000000\0', 116)
  header.write(`${size.toString(8).padStart(11, '0')}\0`, 124)
  header.write('00000000000\0', 136)
  header.write('        0', 148)
  header.write('ustar\u000000', 257)
  const sum = header.reduce((total, byte) => total + byte, 0)
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148)
  return header
}

async function putRaw(socketPath, id) {
  const path = `/v1.41/containers/${id}/archive?path=/etc`
  const headers = { 'Content-Type': 'application/x-tar', 'Transfer-Encoding': 'chunked' }
  await new Promise((resolve, reject) => {
    const sent = request({ socketPath, method: 'PUT', path, headers }, (response) => {
      response.resume().on('end', () => (response.statusCode === 200 ? resolve() : reject(new Error(path))))
    })
    sent.on('error', reject)
    void write(sent).catch(reject)
  })
}

async function write(sent) {
  for await (const chunk of createArchive()) {
    if (!sent.write(chunk)) await new Promise((resolve) => sent.once('drain', resolve))
  }
  sent.end()
}

async function count500(stream) {
  let total = 0
  for await (const chunk of stream) total += chunk.length
  if (total < size) throw new Error(`${total} bytes`)
}

/** Resolves with the growth of the resident memory in bytes, at most, during `work`. */
async function measureGrowth(work) {
  const before = process.memoryUsage.rss()
  let most = before
  const timer = setInterval(() => {
    most = Math.max(most, process.memoryUsage.rss())
  }, 20)
  try {
    await work()
  } finally {
    clearInterval(timer)
  }
  return most - before
}

/** The result fails when the memory grows by more than a few buffers. */
function toMemory(growth) {
  const megabytes = Math.round(growth / 1024 ** 2)
  return { remark: `memory grows by ${megabytes} MB`, failed: megabytes > mostMegabytes }
}

const name = 'copied'
const size = 500 * 1024 * 1024
const block = Buffer.alloc(64 * 1024, 'capstan')
const mostMegabytes = 64
/** The limit keeps the benchmark short: a copy takes a second or more. */
const maxPairs = 5
