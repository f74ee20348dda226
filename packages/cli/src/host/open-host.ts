import { pathToFileURL } from 'node:url'
import {
  type Capability,
  createRuntimeHost,
  isHostError,
  loadPlugins,
  type OpenOptions,
  type RuntimeHost,
  type RuntimePlugin,
  type RuntimeScope,
  requireCapabilities,
} from '@capstan/core'
import { createHostError } from '@capstan/core/plugin'
import { CliError } from '../errors/cli-error.js'
import { whileWaiting } from '../render/status-line.js'
import { writeWarning } from '../render/write-output.js'
import type { Invocation } from './invocation.js'

/**
 * Creates a host of the built-in plugins and those of `--plugin`, which replace built-in ones of the same name.
 *
 * @throws HostError INVALID_ARGUMENT with the names of all contexts for an unknown `--context`
 */
export async function openHost(invocation: Invocation): Promise<RuntimeHost> {
  const { io, globals } = invocation
  const { probeTimeoutMs } = globals
  const given = await loadGivenPlugins(invocation)
  if (globals.context !== undefined && given.some(({ name }) => name === 'docker')) {
    throw new CliError('--context has no effect on runtime docker of --plugin', { remedies: ['use one of the two'] })
  }
  const builtIn = (await loadPluginSource(invocation)).map(
    (plugin) => given.find(({ name }) => name === plugin.name) ?? plugin,
  )
  return createRuntimeHost({
    plugins: [...new Set([...builtIn, ...given])],
    app: appName,
    env: io.env,
    ...(probeTimeoutMs === undefined ? {} : { probeTimeoutMs }),
    onWarning: ({ runtime, message }) => writeWarning(io.stderr, `${runtime}: ${message}`),
  })
}

/**
 * Loads the plugins that are available without `--plugin`, with the context of `--context`.
 *
 * @throws HostError INVALID_ARGUMENT with the names of all contexts for an unknown one
 */
export async function loadPluginSource({
  io,
  plugins,
  globals: { context },
}: Pick<Invocation, 'io' | 'plugins' | 'globals'>): Promise<readonly RuntimePlugin[]> {
  // Imported on demand, as the plugins are.
  if (context !== undefined) await (await import('@capstan/runtime-docker')).requireContext(context, io.env)
  return await plugins({ context })
}

/** Loads the plugins of `--plugin`, in order, resolved from the working directory. */
export async function loadGivenPlugins({ io, globals, interrupts }: Invocation): Promise<readonly RuntimePlugin[]> {
  const from = pathToFileURL(`${io.cwd}/`).href
  return globals.plugin.length === 0 ? [] : await loadPlugins(globals.plugin, { from, signal: interrupts.signal })
}

/** An open runtime. Disposing closes it and its host. */
export interface OpenedRuntime extends AsyncDisposable {
  readonly scope: RuntimeScope
  /** Returns the manager of a capability. Rejects with CAPABILITY_MISSING and the reports of all runtimes. */
  require<T extends object>(capability: Capability<T>): Promise<T>
}

/** Opens the runtime that the command line, the environment or the order of the plugins selects. */
export async function openRuntime(
  invocation: Invocation,
  options: Pick<OpenOptions, 'requires' | 'requiredOptions'> = {},
): Promise<OpenedRuntime> {
  const host = await openHost(invocation)
  const { runtime } = invocation.globals
  const { signal } = invocation.interrupts
  try {
    const open = () => host.open({ ...options, signal, ...(runtime === undefined ? {} : { runtime }) })
    const scope = await whileWaiting(invocation.io.stderr, 'Looking for a container runtime', open)
    return {
      scope,
      require: async (capability) => {
        try {
          return requireCapabilities(scope, { manager: capability }).manager
        } catch (error) {
          throw await withReports(host, error)
        }
      },
      [Symbol.asyncDispose]: () => host[Symbol.asyncDispose](),
    }
  } catch (error) {
    const failure = await withReports(host, error)
    await host[Symbol.asyncDispose]()
    throw failure
  }
}

/** Adds the reports of all runtimes to a missing capability, so that the message can name another runtime. */
async function withReports(host: RuntimeHost, error: unknown): Promise<unknown> {
  if (!isHostError(error, 'CAPABILITY_MISSING')) return error
  const reports = await host.discover().catch(() => error.facts.reports)
  return createHostError('CAPABILITY_MISSING', { ...error.facts, reports }, { cause: error })
}

/** The name of the application in the labels of all resources that the commands create. */
export const appName = 'capstan'
