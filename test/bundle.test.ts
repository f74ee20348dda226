import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { runProgram } from '../tools/run-program.mjs'

/** An application that finds an engine, creates a container, lists, builds an image, and ends. */
const application = `
  import { createRuntimeHost } from '@capstan/core'
  import { dockerPlugin } from '@capstan/runtime-docker'

  const main = async () => {
    const host = createRuntimeHost({ plugins: [dockerPlugin({ endpoint: process.env.ENGINE })] })
    const { runtime } = await host.open()
    const id = await runtime.createContainer({ image: 'busybox:1' })
    const listed = await runtime.listContainers()
    await runtime.buildImage('FROM scratch', 'app:1', { context: { files: { note: 'text' } } })
    console.log(JSON.stringify({ id, listed: listed.length, require: typeof globalThis.require }))
    await host[Symbol.asyncDispose]()
  }
  main()`

let folder: string
let engine: Server

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'capstan-bundle-'))
  engine = createServer((request, response) => {
    const path = (request.url ?? '').replace(/^\/v[\d.]+|\?.*$/g, '')
    request.resume().on('end', () => {
      response.setHeader('Api-Version', '1.41').setHeader('Server', 'Docker/20.10.24 (linux)')
      response.end(JSON.stringify(answers[path] ?? {}))
    })
  })
  await new Promise<void>((resolve) => engine.listen(join(folder, 'engine.sock'), resolve))
})

afterAll(async () => {
  engine.closeAllConnections()
  engine.close()
  await rm(folder, { recursive: true })
})

const image = { Id: `sha256:${'a'.repeat(64)}`, Os: 'linux', Architecture: 'amd64', Config: {} }
const answers: Readonly<Record<string, unknown>> = {
  '/_ping': 'OK',
  '/version': { Version: '20.10.24', ApiVersion: '1.41', MinAPIVersion: '1.12', Components: [{ Name: 'Engine' }] },
  '/info': { OSType: 'linux', ServerVersion: '20.10.24' },
  '/containers/create': { Id: 'c'.repeat(64) },
  '/containers/json': [],
  '/images/json': [],
  '/build': { aux: { ID: image.Id } },
  '/images/app:1/json': image,
  '/images/app%3A1/json': image,
}

describe('an application that is bundled', () => {
  it.each([
    ['cjs', 'cjs'],
    ['esm', 'mjs'],
  ] as const)('in the format %s has no native parts, and runs', async (format, extension) => {
    const outfile = join(folder, `app.${extension}`)
    const { metafile } = await build({
      stdin: { contents: application, resolveDir: fileURLToPath(new URL('.', import.meta.url)), loader: 'js' },
      conditions: ['@capstan/source'],
      bundle: true,
      platform: 'node',
      format,
      outfile,
      metafile: true,
      logLevel: 'silent',
    })
    const inputs = Object.keys(metafile.inputs)
    expect(inputs.filter((path) => /\.node$|\/(ssh2|cpu-features|docker-modem|@grpc)\//.test(path))).toEqual([])
    const env = { PATH: process.env.PATH, HOME: folder, ENGINE: `unix://${join(folder, 'engine.sock')}` }
    const { code, output } = await runProgram(process.execPath, [outfile], { cwd: folder, env })
    expect(code, output).toBe(0)
    expect(JSON.parse(output)).toEqual({ id: 'c'.repeat(64), listed: 0, require: 'undefined' })
  })
})
