import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { build } from 'esbuild'
import { runProgram } from '../../tools/run-program.mjs'

/** The formats of a bundle. */
export const bundleFormats = ['cjs', 'esm'] as const

/** An application that finds an engine, creates a container, lists containers, builds an image and exits. */
const application = `
  import { createRuntimeHost, imageBuilderCapability, requireCapabilities } from '@capstan/core'
  import { dockerPlugin } from '@capstan/runtime-docker'

  const main = async () => {
    const host = createRuntimeHost({ plugins: [dockerPlugin({ endpoint: process.env.ENGINE })] })
    const scope = await host.open()
    const { runtime } = scope
    const id = await runtime.createContainer({ image: 'busybox:1' })
    const listed = await runtime.listContainers()
    const { builder } = requireCapabilities(scope, { builder: imageBuilderCapability })
    await builder.buildImage('FROM scratch', 'app:1', { context: { files: { note: 'text' } } })
    console.log(JSON.stringify({ id, listed: listed.length, require: typeof globalThis.require }))
    await host[Symbol.asyncDispose]()
  }
  main()`

/** Bundles the application with esbuild and runs it in a separate folder, with a fake engine that has fixed responses. */
export interface BundleTrial extends AsyncDisposable {
  /** `resolveDir` is the folder from which packages are resolved. */
  run(format: (typeof bundleFormats)[number], options: BundleOptions): Promise<BundleResult>
}

export interface BundleOptions {
  readonly resolveDir: string
  /** Conditions of `exports` in addition to those of esbuild. */
  readonly conditions?: string[]
}

export interface BundleResult {
  readonly code: number
  readonly output: string
  /** The source files of the bundle. */
  readonly inputs: readonly string[]
}

/** The output of the application. */
export const bundledOutput = { id: 'c'.repeat(64), listed: 0, require: 'undefined' }

/** Starts the fake engine. */
export async function createBundleTrial(): Promise<BundleTrial> {
  const folder = await mkdtemp(join(tmpdir(), 'capstan-bundle-'))
  const engine = createServer((request, response) => {
    const path = (request.url ?? '').replace(/^\/v[\d.]+|\?.*$/g, '')
    request.resume().on('end', () => {
      response.setHeader('Api-Version', '1.41').setHeader('Server', 'Docker/20.10.24 (linux)')
      response.end(JSON.stringify(answers[path] ?? {}))
    })
  })
  await new Promise<void>((resolve) => engine.listen(join(folder, 'engine.sock'), resolve))
  return {
    async run(format, { resolveDir, conditions = [] }) {
      const outfile = join(folder, format === 'esm' ? 'app.mjs' : 'app.cjs')
      const { metafile } = await build({
        stdin: { contents: application, resolveDir, loader: 'js' },
        conditions,
        bundle: true,
        platform: 'node',
        // The sources use syntax that Node 20 does not have. The published files do not.
        target: 'node20',
        format,
        outfile,
        metafile: true,
        logLevel: 'silent',
      })
      const env = { PATH: process.env.PATH, HOME: folder, ENGINE: `unix://${join(folder, 'engine.sock')}` }
      const { code, output } = await runProgram(process.execPath, [outfile], { cwd: folder, env })
      return { code, output, inputs: Object.keys(metafile.inputs) }
    },
    async [Symbol.asyncDispose]() {
      engine.closeAllConnections()
      engine.close()
      await rm(folder, { recursive: true })
    },
  }
}

/** Returns the files that cannot be bundled, or that Capstan does not use. */
export function findForeignInputs(inputs: readonly string[]): readonly string[] {
  return inputs.filter((path) => /\.node$|\/(ssh2|cpu-features|docker-modem|@grpc)\//.test(path))
}

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
