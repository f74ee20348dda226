import { expect } from 'vitest'
import type { BuildRequest } from '../../src/index.js'
import { baseLines, type DeclareBuild, type TestedBuilder, toContext } from './tested-builder.js'

/** Declares the builds that fail, by their errors. */
export function defineFailedBuilds(declare: DeclareBuild): void {
  /** Resolves with the error of a build. */
  const catchError = async (builder: TestedBuilder, request: Partial<BuildRequest> & Pick<BuildRequest, 'context'>) =>
    await builder.build({ output: { type: 'cache-only' }, ...request }).result.catch((error: unknown) => error)
  const firstLine = baseLines.length + 1

  declare('reports the step, the exit code, the output and the lines of a RUN that fails', async (builder) => {
    const error = await catchError(builder, { context: toContext(['RUN echo before; exit 9', 'RUN true']) })
    expect(error).toMatchObject({
      code: 'BUILD_FAILED',
      facts: {
        step: expect.stringMatching(/^\[.*\d\/\d\] RUN echo before; exit 9$/),
        command: 'RUN echo before; exit 9',
        exitCode: 9,
        lastLines: ['before'],
        source: {
          file: 'Dockerfile',
          line: firstLine,
          excerpt: expect.arrayContaining([expect.stringContaining('RUN echo before; exit 9')]),
        },
      },
    })
  })

  declare('reports the end of long output of a RUN that fails', async (builder) => {
    const error = await catchError(builder, { context: toContext(['RUN seq 1 5000; exit 2']) })
    const lastLines = Array.from({ length: 30 }, (_, index) => String(4971 + index))
    expect(error).toMatchObject({ code: 'BUILD_FAILED', facts: { exitCode: 2, lastLines } })
  })

  declare('reports the line of an unknown instruction', async (builder) => {
    const error = await catchError(builder, { context: toContext(['', 'FLY away']) })
    expect(error).toMatchObject({
      code: 'BUILD_FAILED',
      facts: {
        step: undefined,
        exitCode: undefined,
        lastLines: [`dockerfile parse error on line ${firstLine + 1}: unknown instruction: FLY`],
        source: {
          file: 'Dockerfile',
          line: firstLine + 1,
          excerpt: expect.arrayContaining([expect.stringContaining('FLY away')]),
        },
      },
    })
  })

  declare(
    'reports the line in a long Dockerfile, whose text BuildKit sends with the error',
    async (builder) => {
      const comments = Array.from(
        { length: 2_000 },
        (_, line) => `# comment ${line} of a Dockerfile of more than 100 KB`,
      )
      const error = await catchError(builder, { context: toContext([...comments, 'FLY away']) })
      const line = firstLine + comments.length
      expect(error).toMatchObject({
        code: 'BUILD_FAILED',
        facts: { lastLines: [`dockerfile parse error on line ${line}: unknown instruction: FLY`] },
      })
    },
    { fake: 'cannot send an error of this length' },
  )

  const scratch = (...lines: readonly string[]) => ({
    files: { Dockerfile: ['FROM scratch', ...lines, ''].join('\n') },
  })
  const causes = [
    {
      cause: 'a base image that does not exist',
      line: /nowhere\.invalid\/base:1/,
      lines: ['FROM nowhere.invalid/base:1', 'RUN true'],
    },
    {
      cause: 'a file that is not in the context',
      line: /"?\/?nonexistent"?: not found/,
      lines: ['COPY nonexistent /'],
    },
    {
      cause: 'a secret that is not given',
      line: /secret tok: not found/,
      lines: ['RUN --mount=type=secret,id=tok,required=true true'],
    },
    { cause: 'an SSH agent that is not given', line: /ssh/, lines: ['RUN --mount=type=ssh,required=true true'] },
    {
      cause: 'a privilege that is not requested',
      line: /network\.host is not allowed/,
      lines: ['RUN --network=host true'],
      fake: 'does not check the privileges of steps',
    },
  ]
  for (const { cause, line, lines, fake } of causes) {
    declare(
      `reports ${cause}`,
      async (builder) => {
        const error = await catchError(builder, { context: toContext(lines) })
        const message = expect.stringMatching(line)
        expect(error).toMatchObject({ code: 'BUILD_FAILED', facts: { exitCode: undefined }, message })
      },
      { ...(fake !== undefined && { fake }) },
    )
  }

  declare('reports a Dockerfile and a target that do not exist', async (builder) => {
    const error = { code: 'BUILD_FAILED', facts: { step: undefined, exitCode: undefined } }
    const missing = await catchError(builder, { context: { files: { other: '' } } })
    expect(missing).toMatchObject({ ...error, message: expect.stringContaining('no such file or directory') })
    const unknown = await catchError(builder, { context: scratch(), target: 'nonexistent' })
    expect(unknown).toMatchObject({ ...error, message: expect.stringContaining('nonexistent') })
  })

  declare(
    'reports a privilege that the daemon does not allow',
    async (builder) => {
      const error = await catchError(builder, { context: scratch(), entitlements: ['security.insecure'] })
      expect(error).toMatchObject({ code: 'BUILD_FAILED', message: expect.stringContaining('security.insecure') })
    },
    { fake: 'allows all privileges' },
  )
}
