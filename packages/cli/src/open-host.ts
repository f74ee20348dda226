import { pathToFileURL } from 'node:url'
import {
  type Capability,
  createHostError,
  createRuntimeHost,
  isHostError,
  loadPlugins,
  type OpenOptions,
  type RuntimeHost,
  type RuntimePlugin,
  type RuntimeScope,
  requireCapabilities,
} from '@capstan/core'
import type { Invocation } from './invocation.js'
import { whileWaiting } from './render/waiting.js'
import { writeWarning } from './render/warning.js'

/** A host of the command's own runtimes and of those of `--plugin`, which may take the place of one of the first. */
export async function openHost(
  invocation: Invocation,
  { more = [] }: { readonly more?: readonly RuntimePlugin[] } = {},
): Promise<RuntimeHost> {
  const { io, plugins, globals } = invocation
  const { probeTimeoutMs } = globals
  const given = await loadGivenPlugins(invocation)
  const own = (await plugins()).map((plugin) => given.find(({ name }) => name === plugin.name) ?? plugin)
  return createRuntimeHost({
    plugins: [...new Set([...own, ...given, ...more])],
    app: commandApp,
    env: io.env,
    ...(probeTimeoutMs === undefined ? {} : { probeTimeoutMs }),
    onWarning: ({ runtime, message }) => writeWarning(io.stderr, `${runtime}: ${message}`),
  })
}

/** The plugins of `--plugin`, in order, as the working directory finds them. */
export async function loadGivenPlugins({ io, globals, interrupts }: Invocation): Promise<readonly RuntimePlugin[]> {
  const from = pathToFileURL(`${io.cwd}/`).href
  return globals.plugin.length === 0 ? [] : await loadPlugins(globals.plugin, { from, signal: interrupts.signal })
}

/** A runtime that is open, with the host that closes it. */
export interface OpenedRuntime extends AsyncDisposable {
  readonly scope: RuntimeScope
  /** Resolves with the manager of this capability; else CAPABILITY_MISSING, with the reports of all runtimes. */
  require<T extends object>(capability: Capability<T>): Promise<T>
}

/** The runtime that the command line, the environment or the order chooses; disposing closes it and its host. */
export async function openRuntime(
  invocation: Invocation,
  wishes: Pick<OpenOptions, 'requires' | 'keeps'> = {},
): Promise<OpenedRuntime> {
  const host = await openHost(invocation)
  const { runtime } = invocation.globals
  const { signal } = invocation.interrupts
  try {
    const open = () => host.open({ ...wishes, signal, ...(runtime === undefined ? {} : { runtime }) })
    const scope = await whileWaiting(invocation.io.stderr, 'Looking for a container runtime', open)
    return {
      scope,
      require: async (capability) => {
        try {
          return requireCapabilities(scope, { manager: capability }).manager
        } catch (error) {
          throw await withAlternatives(host, error)
        }
      },
      [Symbol.asyncDispose]: () => host[Symbol.asyncDispose](),
    }
  } catch (error) {
    const known = await withAlternatives(host, error)
    await host[Symbol.asyncDispose]()
    throw known
  }
}

/** A missing capability with the reports of all runtimes, for the sentence that says which other would do. */
async function withAlternatives(host: RuntimeHost, error: unknown): Promise<unknown> {
  if (!isHostError(error, 'CAPABILITY_MISSING')) return error
  const reports = await host.discover().catch(() => error.facts.reports)
  return createHostError('CAPABILITY_MISSING', { ...error.facts, reports }, { cause: error })
}

/** The application name on the labels of everything that the commands create. */
const commandApp = 'capstan'
