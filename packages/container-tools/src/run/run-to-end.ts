import { Readable } from 'node:stream'
import type { ContainerConfig, Runtime } from '@capstan/core'
import { createUndoStack, withUndoFailures } from '@capstan/core/plugin'
import { type Capture, captureToEnd, measureEnd } from './capture-to-end.js'
import type { EndOptions, EndResult } from './end-result.js'

/**
 * Creates a container, runs it to its end and removes it. Resolves with its exit code and output when it is removed.
 *
 * The container is also removed after a failure, an abort and the time limit. If that fails, the error has it in
 * `undoFailures`; after a successful run the call rejects with that failure.
 *
 * @throws HostError as `createContainer` and `startAttached`; TIMED_OUT after `timeoutMs`, with the last lines of the output;
 * INVALID_ARGUMENT
 */
export async function runToEnd(
  runtime: Pick<Runtime, 'createContainer' | 'startAttached' | 'removeContainer'>,
  config: ContainerConfig,
  options: EndOptions = {},
): Promise<EndResult> {
  return await captureToEnd('runToEnd', options, async (capture) => {
    const id = await runtime.createContainer(
      capture.input === undefined ? config : { ...config, interactive: true },
      capture.options,
    )
    const undo = createUndoStack()
    undo.add('container', (own) => runtime.removeContainer(id, own))
    try {
      const end = await measureEnd(() => runtime.startAttached(id, toAttachOptions(config, capture)))
      const [failure] = await undo.run()
      if (failure !== undefined) throw failure
      return end
    } catch (error) {
      throw withUndoFailures(error, await undo.run())
    }
  })
}

function toAttachOptions({ interactive = false }: ContainerConfig, { input, output, options }: Capture) {
  const { stdout, stderr } = output
  // Without a stream, the process of an interactive container would wait for input.
  const stdin = input ?? (interactive ? Readable.from([], { objectMode: false }) : undefined)
  return { stdout, stderr, ...options, ...(stdin === undefined ? {} : { stdin }) }
}
