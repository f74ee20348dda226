import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { link, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { createRuntimeHost, imageBuilderCapability, requireCapabilities } from '@capstan/core'
import { dockerPlugin } from '@capstan/runtime-docker'
import { findBuildx } from '../tools/engines/docker-buildx.mjs'
import { toElapsed, toMedian } from './measure.mjs'
import { createRawEngine } from './raw-engine.mjs'

/**
 * Builds by an open runtime of Capstan and by `docker buildx build` on the same engine, in turns. The time from the start of
 * buildx to its first connection is measured in each round, and its median is subtracted. A large context is only mounted by a
 * step, so that the time of its transfer is not lost in that of an image of this size.
 */
export const buildBenchmarks = {
  'build-cold': toBenchmark('small build without cache, one file changed', {
    maxPairs: 12,
    createContext: createSmallContext,
    nextContext: changeFile,
    noCache: true,
  }),
  'build-cached': toBenchmark('small build, all steps cached', {
    maxPairs: 12,
    createContext: createSmallContext,
    nextContext: (directory) => directory,
  }),
  'build-context': toBenchmark('build with 300 MB that the engine does not have', {
    maxPairs: 4,
    createContext: createLargeContext,
    nextContext: copyContext,
  }),
  'build-changed': toBenchmark('build with 300 MB, one file changed', {
    maxPairs: 8,
    createContext: createLargeContext,
    nextContext: changeFile,
  }),
  'build-memory': {
    title: 'peak memory of a build with 300 MB, above that of a process that lists containers',
    target: 64,
    unit: 'MB',
    needsBuildx: true,
    run: measureMemory,
  },
}

function toBenchmark(title, scenario) {
  return {
    title: `${title} / the same by docker buildx build`,
    target: 1.05,
    needsBuildx: true,
    run: (options) => inScratch(options, (given) => measureBuilds(given, scenario)),
  }
}

/** Runs work with a folder and a builder, and removes the folder. */
async function inScratch({ socketPath, ...options }, work) {
  const scratch = await mkdtemp(join(tmpdir(), 'capstan-bench-build-'))
  const host = createRuntimeHost({ plugins: [dockerPlugin({ endpoint: `unix://${socketPath}` })] })
  const raw = createRawEngine(socketPath)
  try {
    const { builder } = requireCapabilities(await host.open(), { builder: imageBuilderCapability })
    return await work({ ...options, socketPath, scratch, builder, raw })
  } finally {
    raw.close()
    await host[Symbol.asyncDispose]()
    await rm(scratch, { recursive: true })
  }
}

async function measureBuilds(given, { maxPairs, createContext, nextContext, noCache = false }) {
  const { scratch, builder, raw, image, pairs } = given
  const buildx = createBuildx(given)
  const options = ['build', '--progress=plain', ...(noCache ? ['--no-cache'] : [])]
  const builds = {
    capstan: ({ directory, dockerfile, tag }) =>
      builder.buildImage(dockerfile, tag, { context: { directory }, noCache }),
    baseline: ({ directory, tag }) => buildx([...options, '--tag', tag, directory]),
  }
  const costs = { capstan: [], baseline: [], start: [] }
  const contexts = {}
  for (const side of Object.keys(builds)) contexts[side] = await createContext(scratch, image)
  for (let round = 0; round <= Math.min(pairs, maxPairs); round += 1) {
    const start = await measureStart(given, [...options, contexts.baseline.directory])
    for (const side of round % 2 === 0 ? ['capstan', 'baseline'] : ['baseline', 'capstan']) {
      const { dockerfile } = contexts[side]
      const directory = await nextContext(contexts[side].directory)
      const tag = `capstan-bench:${randomBytes(4).toString('hex')}`
      const cost = await toElapsed(() => builds[side]({ directory, dockerfile, tag }))
      await raw.json('DELETE', `/images/${tag}`)
      if (directory !== contexts[side].directory) await rm(directory, { recursive: true })
      if (round > 0) costs[side].push(cost) // the first round is a warm-up
    }
    costs.start.push(start)
  }
  const start = toMedian(costs.start)
  const [capstan, baseline] = [toMedian(costs.capstan), toMedian(costs.baseline) - start]
  const range = (values) => `${Math.min(...values).toFixed(0)} to ${Math.max(...values).toFixed(0)} ms`
  const remark = `buildx connects after ${start.toFixed(0)} ms; ${range(costs.capstan)} / ${range(costs.baseline)} with its start`
  return { capstan, baseline, ratio: capstan / baseline, remark }
}

function createBuildx({ socketPath, scratch }) {
  const env = {
    PATH: process.env.PATH,
    HOME: scratch,
    DOCKER_CONFIG: join(scratch, 'docker'),
    DOCKER_HOST: `unix://${socketPath}`,
    // Capstan adds no attestations by default.
    BUILDX_NO_DEFAULT_ATTESTATIONS: '1',
  }
  return (argv, signal) => promisify(execFile)(findBuildx(), argv, { env, signal, maxBuffer: 64 * 1024 * 1024 })
}

/** Resolves with the milliseconds from the start of buildx to its first connection, and ends it. */
async function measureStart({ scratch }, argv) {
  const socketPath = join(scratch, 'start.sock')
  const server = createServer((socket) => socket.destroy()).listen(socketPath)
  await once(server, 'listening')
  const connected = once(server, 'connection')
  const end = new AbortController()
  let ended
  const start = await toElapsed(async () => {
    ended = createBuildx({ socketPath, scratch })(argv, end.signal).catch(() => undefined)
    await connected
  })
  end.abort()
  await ended
  server.close()
  return start
}

async function createSmallContext(scratch, image) {
  const dockerfile = `FROM ${image}\nCOPY . /app/\nRUN echo built >/built\n`
  return { dockerfile, directory: await createContext(scratch, { dockerfile, files: 20, bytes: 1024 }) }
}

async function createLargeContext(scratch, image) {
  const dockerfile = `FROM ${image}\nRUN --mount=type=bind,target=/context ls /context >/listed\n`
  return { dockerfile, directory: await createContext(scratch, { dockerfile, files: 3_000, bytes: 100_000 }) }
}

/** Each context has a new name, because buildx shares the files of contexts with equal names. */
async function createContext(scratch, { dockerfile, files, bytes }) {
  const directory = await mkdtemp(join(scratch, 'context-'))
  await writeFile(join(directory, 'Dockerfile'), dockerfile)
  for (let file = 0; file < files; file += 1) {
    const folder = join(directory, `folder-${file % 30}`)
    await mkdir(folder, { recursive: true })
    await writeFile(join(folder, `file-${file}`), randomBytes(bytes))
  }
  return directory
}

async function changeFile(directory) {
  await writeFile(join(directory, 'changed'), randomBytes(1_000))
  return directory
}

/** Copies a context by hard links to a new folder, and adds a file, so that no step is cached. */
async function copyContext(directory) {
  const copy = await mkdtemp(`${directory}-`)
  for (const entry of await readdir(directory, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name)
    const target = join(copy, path.slice(directory.length))
    await (entry.isDirectory() ? mkdir(target, { recursive: true }) : link(path, target))
  }
  return changeFile(copy)
}

/** Compares processes, because the memory of this one is in use already. */
async function measureMemory({ pairs, ...options }) {
  return inScratch(options, async ({ scratch, image, socketPath, raw }) => {
    const { directory, dockerfile } = await createLargeContext(scratch, image)
    const peaks = { build: [], base: [] }
    for (let round = 0; round < Math.min(pairs, 3); round += 1) {
      const copy = await copyContext(directory)
      const tag = `capstan-bench:${randomBytes(4).toString('hex')}`
      peaks.base.push(await readPeak({ socketPath }))
      peaks.build.push(await readPeak({ socketPath, build: { directory: copy, dockerfile, tag } }))
      await raw.json('DELETE', `/images/${tag}`)
      await rm(copy, { recursive: true })
    }
    const [build, base] = [toMedian(peaks.build), toMedian(peaks.base)]
    return { capstan: build - base, remark: `${build.toFixed(0)} MB, and ${base.toFixed(0)} MB without a build` }
  })
}

/** Resolves with the peak of the resident memory of a process, in MB. */
async function readPeak(given) {
  const argv = ['--input-type=module', '--eval', memoryProgram, JSON.stringify(given)]
  const cwd = new URL('.', import.meta.url)
  const { stdout } = await promisify(execFile)(process.execPath, argv, { cwd })
  return Number(stdout) / 1024
}

const memoryProgram = `
  import { readFileSync } from 'node:fs'
  import { createRuntimeHost, imageBuilderCapability, requireCapabilities } from '@capstan/core'
  import { dockerPlugin } from '@capstan/runtime-docker'
  const { socketPath, build } = JSON.parse(process.argv[1])
  const host = createRuntimeHost({ plugins: [dockerPlugin({ endpoint: 'unix://' + socketPath })] })
  const scope = await host.open()
  await scope.runtime.listContainers()
  if (build !== undefined) {
    const { builder } = requireCapabilities(scope, { builder: imageBuilderCapability })
    await builder.buildImage(build.dockerfile, build.tag, { context: { directory: build.directory } })
  }
  await host[Symbol.asyncDispose]()
  const [, peak] = /VmHWM:\\s*(\\d+) kB/.exec(readFileSync('/proc/self/status', 'utf8'))
  process.stdout.write(peak)`
