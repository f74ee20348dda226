import { spawnSync } from 'node:child_process'
import { parseArgs } from 'node:util'
import { findBuildx } from '../tools/engines/docker-buildx.mjs'
import * as appleCalls from './apple-calls.mjs'
import { buildBenchmarks } from './build.mjs'
import * as buildkitStart from './buildkit-start.mjs'
import * as composeUp from './compose-up.mjs'
import * as copy from './copy.mjs'
import * as demux from './demux.mjs'
import * as discoverOpen from './discover-open.mjs'
import * as eventsCpu from './events-cpu.mjs'
import * as hundred from './hundred.mjs'
import * as importCore from './import-core.mjs'
import * as jobs from './jobs.mjs'
import * as lifecycle from './lifecycle.mjs'
import * as lifecycleSsh from './lifecycle-ssh.mjs'
import * as logsCpu from './logs-cpu.mjs'
import { createRawEngine } from './raw-engine.mjs'
import * as statsCpu from './stats-cpu.mjs'

// Prints ratios. Absolute figures of different runs or machines cannot be compared.
const { values } = parseArgs({ options: { pairs: { type: 'string', default: '40' }, only: { type: 'string' } } })
const pairs = Number(values.pairs)
const image = process.env.CAPSTAN_BENCH_IMAGE ?? 'capstan-test/busybox:1'
const socketPath = process.env.DOCKER_HOST?.replace(/^unix:\/\//, '') ?? '/var/run/docker.sock'

const buildkitImage = process.env.CAPSTAN_BUILDKIT_IMAGE ?? 'capstan-test/fake-buildkit:1'
const benchmarks = {
  'import-core': importCore,
  'discover-open': discoverOpen,
  lifecycle,
  'lifecycle-ssh': lifecycleSsh,
  hundred,
  jobs,
  'logs-cpu': logsCpu,
  copy,
  'compose-up': composeUp,
  'events-cpu': eventsCpu,
  'stats-cpu': statsCpu,
  demux,
  'buildkit-start': buildkitStart,
  'apple-calls': appleCalls,
  ...buildBenchmarks,
}
const missing = {
  engine: await findImageProblem(image),
  buildkit: await findImageProblem(buildkitImage),
  command: findCommandProblem(),
  buildx: await findBuildxProblem(),
}
console.log(`${pairs} alternating pairs, medians; node ${process.version}`)
for (const [name, benchmark] of Object.entries(benchmarks)) {
  if (values.only !== undefined && values.only !== name) continue
  const reason =
    (benchmark.needsEngine && missing.engine) ||
    (benchmark.needsBuildKitImage && missing.buildkit) ||
    (benchmark.needsDockerCommand && missing.command) ||
    (benchmark.needsBuildx && (missing.engine || missing.buildx)) ||
    benchmark.findProblem?.()
  console.log(`\n${benchmark.title}`)
  if (reason) {
    console.log(`  skipped: ${reason}`)
    continue
  }
  const results = await benchmark.run({ pairs, image, buildkitImage, socketPath })
  for (const { lines = [], failed = false, ...result } of [results].flat()) {
    for (const line of [toLine(benchmark, result), ...lines]) console.log(`  ${line}`)
    if (failed) process.exitCode = 1
  }
}

function toLine({ target, unit = 'ms', atLeast = false }, { label, capstan, baseline, ratio, problem, remark }) {
  const figure =
    baseline === undefined
      ? `${capstan.toFixed(0)} ${unit}`
      : `${ratio.toFixed(2)}  (${capstan.toFixed(1)} / ${baseline.toFixed(1)} ${unit})`
  const reached = atLeast ? capstan >= target : (ratio ?? capstan) <= target
  return `${label === undefined ? '' : `${label}: `}${figure}; target ${atLeast ? 'at least' : 'at most'} ${target}${reached ? '' : ': missed'}${problem ? `; ${problem}` : ''}${remark ? `; ${remark}` : ''}`
}

async function findImageProblem(image) {
  const raw = createRawEngine(socketPath)
  try {
    await raw.json('GET', `/images/${image}/json`)
    return undefined
  } catch (error) {
    return `no engine at ${socketPath} with image ${image} (${error.message})`
  } finally {
    raw.close()
  }
}

function findCommandProblem() {
  return spawnSync('docker', ['--version']).status === 0 ? undefined : 'there is no docker command'
}

async function findBuildxProblem() {
  if (findBuildx() === undefined) return 'node tools/engines/docker-buildx.mjs up has not been run'
  const raw = createRawEngine(socketPath)
  try {
    const { headers } = await raw.stream('GET', '/_ping')
    return headers['builder-version'] === '2' ? undefined : 'the engine does not use BuildKit by default'
  } catch (error) {
    return error.message
  } finally {
    raw.close()
  }
}
