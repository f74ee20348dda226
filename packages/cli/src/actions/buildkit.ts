import type { RuntimeScope } from '@capstan/core'
import { BuildKitFeature, type BuildKitSidecar, type BuildKitStopOutcome } from '@capstan/feature-buildkit'
import { readBuildKitOptions } from '../buildkit/buildkit-environment.js'
import { withImageRemedy } from '../buildkit/with-image-remedy.js'
import type { BuildKitCommandOptions } from '../commands/buildkit.js'
import type { Call } from '../commands/command-line.js'
import type { Invocation } from '../invocation.js'
import { openRuntime } from '../open-host.js'
import { parseBytes } from '../parse/bytes.js'
import { toCacheDocument, toCachePage, toPrivilegeLines, toStatusPage } from '../render/buildkit-pages.js'
import { toPageStyle } from '../render/page-style.js'
import { createStartDisplay } from '../render/start-display.js'
import { whileWaiting } from '../render/waiting.js'
import { toJson, writeOutput } from '../render/write-output.js'
import { UsageError } from '../usage-error.js'

/** What `capstan buildkit NAME` does. */
export async function perform(name: string, { invocation, options }: Call<BuildKitCommandOptions>): Promise<number> {
  const action = actions[name]
  if (action === undefined) throw new UsageError(`there is no buildkit ${name}`)
  await using opened = await openRuntime(invocation, { requires: BuildKitFeature.needs.required })
  const answer = await action({ scope: opened.scope, invocation, options })
  const text = options.json ? toJson(answer.document) : answer.page
  await writeOutput(invocation.io.stdout, text, invocation.interrupts)
  return 0
}

interface Request {
  readonly scope: RuntimeScope
  readonly invocation: Invocation
  readonly options: BuildKitCommandOptions
}

interface Answer {
  readonly document: object
  readonly page: string
}

async function start({ scope, invocation, options }: Request): Promise<Answer> {
  const { io, interrupts } = invocation
  const chosen = readBuildKitOptions(io)
  const display = options.json ? undefined : createStartDisplay(io.stderr)
  const onProgress = display?.onProgress.bind(display)
  const { signal } = interrupts
  try {
    const given = { ...chosen, graceMs: 0, signal, ...(onProgress && { onProgress }) }
    await using sidecar = await scope.resolve(BuildKitFeature).start(given)
    await sidecar.keep({ signal })
    const { containerId, privilege, privilegeLevels } = sidecar
    display?.succeed(`BuildKit runs on ${scope.runtimeName} until \`capstan buildkit stop\``)
    if (!options.json) io.stderr.write(toPrivilegeLines(privilegeLevels))
    return {
      document: { runtime: scope.runtimeName, containerId, privilege, rungs: privilegeLevels },
      page: `${containerId}\n`,
    }
  } catch (error) {
    throw withImageRemedy(error, { io, canBuildWithout: false })
  } finally {
    display?.clear()
  }
}

async function status(request: Request): Promise<Answer> {
  const runtime = request.scope.runtimeName
  await using sidecar = await find(request)
  if (sidecar === undefined)
    return { document: { runtime, running: false }, page: `BuildKit does not run on ${runtime}.\n` }
  const { signal } = request.invocation.interrupts
  const workers = await sidecar.workers({ signal })
  const records = await sidecar.diskUsage({ signal })
  const { containerId, networkId, privilege } = sidecar
  const cacheBytes = records.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)
  const facts = { containerId, networkId, privilege, workers, cacheRecords: records.length, cacheBytes }
  return { document: { runtime, running: true, ...facts }, page: toStatusPage({ runtime, ...facts }) }
}

async function diskUsage(request: Request): Promise<Answer> {
  await using sidecar = await requireRunning(request)
  const { signal } = request.invocation.interrupts
  const records = await sidecar.diskUsage({ signal })
  return { document: toCacheDocument(records), page: toCachePage(records, toPageStyle(request.invocation.io)) }
}

async function prune(request: Request): Promise<Answer> {
  const { all = false, keep } = request.options
  const keepBytes = keep === undefined ? 0 : parseBytes(keep, '--keep')
  await using sidecar = await requireRunning(request)
  const { signal } = request.invocation.interrupts
  const work = () => sidecar.prune({ all, keepBytes, signal })
  const records = await whileWaiting(request.invocation.io.stderr, 'Pruning the cache of BuildKit', work)
  const page = toCachePage(records, toPageStyle(request.invocation.io))
  return { document: toCacheDocument(records), page }
}

async function stop({ scope, invocation }: Request): Promise<Answer> {
  const { io, interrupts } = invocation
  const runtime = scope.runtimeName
  const given = { ...readBuildKitOptions(io), signal: interrupts.signal }
  const work = () => scope.resolve(BuildKitFeature).stop(given)
  return stopAnswers[await whileWaiting(io.stderr, 'Stopping BuildKit', work)](runtime)
}

const stopAnswers: Readonly<Record<BuildKitStopOutcome, (runtime: string) => Answer>> = {
  absent: (runtime) => ({ document: { runtime, state: 'absent' }, page: `BuildKit does not run on ${runtime}.\n` }),
  'in-use': (runtime) => {
    return { document: { runtime, state: 'in use' }, page: 'Others use it: it stops after the last of them.\n' }
  },
  stopped: (runtime) => ({ document: { runtime, state: 'stopped' }, page: `BuildKit has stopped on ${runtime}.\n` }),
}

/** Shows for how long it has waited: the daemon may be slow, or hang. */
async function find({ scope, invocation, options }: Request): Promise<BuildKitSidecar | undefined> {
  const { io, interrupts } = invocation
  const display = options.json ? undefined : createStartDisplay(io.stderr, { title: 'Asking BuildKit' })
  const onProgress = display?.onProgress.bind(display)
  const given = { ...readBuildKitOptions(io), graceMs: 0, signal: interrupts.signal }
  try {
    return await scope.resolve(BuildKitFeature).find({ ...given, ...(onProgress && { onProgress }) })
  } finally {
    display?.clear()
  }
}

async function requireRunning(request: Request): Promise<BuildKitSidecar> {
  const sidecar = await find(request)
  if (sidecar !== undefined) return sidecar
  const remedies = ['`capstan buildkit start` starts it']
  throw new UsageError(`BuildKit does not run on ${request.scope.runtimeName}`, { remedies })
}

const actions: Readonly<Record<string, (request: Request) => Promise<Answer>>> = {
  start,
  status,
  du: diskUsage,
  prune,
  stop,
}
