import type { BuildOptions, BuildProgress, HostError } from '@capstan/core'
import { createHostError, type Operation } from '@capstan/core/plugin'
import type { DockerEngine } from '../engine/docker-engine.js'
import { endsWithExitCode, readBuildExitCode } from '../engine/docker-error-texts.js'
import { toEngineText } from '../engine/engine-text.js'
import { toConnectionLost } from '../engine/streams/lost-connection.js'
import { streamBody } from '../engine/streams/stream-body.js'
import { checkBasePlatforms } from './build-options.js'
import { BuildOutput } from './build-output.js'
import { type BuildRequest, type ImageToBuild, type PreparedBuild, prepareRequest } from './build-request.js'
import { type EngineFailure, readEngineMessages } from './engine-message.js'

/** Prepares a build with the engine's classic builder, without sending the build request. */
export async function prepareClassicBuild(
  engine: DockerEngine,
  image: ImageToBuild,
  options: BuildOptions,
  call: Operation,
): Promise<PreparedBuild> {
  await checkBasePlatforms(engine, { dockerfile: image.dockerfile, call }, options)
  const request = await prepareRequest(engine, image, { ...options, signal: call.signal })
  return {
    run: () => runBuild(engine, request, options),
    [Symbol.dispose]: () => void request.body.destroy(),
  }
}

async function runBuild(engine: DockerEngine, request: BuildRequest, { onProgress }: BuildOptions): Promise<void> {
  const output = new BuildOutput(request.addedSteps)
  const report = (lines: readonly BuildProgress[]) => {
    for (const line of lines) onProgress?.(line)
  }
  const toError = (failure: EngineFailure) => {
    report(output.end())
    return toBuildFailure(output, failure)
  }
  const body = streamBody(engine, await send(engine, request), request)
  let imageId: string | undefined
  try {
    for await (const message of readEngineMessages(body, { operation: request.operation, toError })) {
      imageId = message.imageId ?? imageId
      report(output.add(message.stream ?? (message.status === undefined ? '' : `${message.status}\n`)))
    }
  } finally {
    report(output.end())
  }
  if ((imageId ?? output.builtId) !== undefined) return
  throw toConnectionLost(engine)
}

async function send(engine: DockerEngine, request: BuildRequest) {
  try {
    return await engine.send(request)
  } catch (error) {
    request.signal?.throwIfAborted()
    // Errors of the context are thrown unchanged. An error of the engine is BUILD_FAILED, whatever its status.
    if (request.body.errored) throw request.body.errored
    const text = toEngineText(error)
    throw text === undefined ? error : toBuildFailure(new BuildOutput(), { text, code: undefined }, error)
  }
}

/**
 * Creates BUILD_FAILED for the current step. The engine's message is the last line, except when the exit code is known
 * and the command printed something, or the message ends with the exit code.
 */
function toBuildFailure(
  { step, command, lastLines }: Pick<BuildOutput, 'step' | 'command' | 'lastLines'>,
  failure: EngineFailure,
  cause?: unknown,
): HostError<'BUILD_FAILED'> {
  const exitCode = failure.code ?? readBuildExitCode(failure.text)
  const isExitCodeOnly = exitCode !== undefined && (lastLines.length > 0 || endsWithExitCode(failure.text))
  const lines = isExitCodeOnly ? [...lastLines] : [...lastLines, failure.text]
  const facts = { step, command, exitCode, lastLines: lines }
  return createHostError('BUILD_FAILED', facts, cause === undefined ? undefined : { cause })
}
