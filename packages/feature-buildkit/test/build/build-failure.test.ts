import { describe, expect, it } from 'vitest'
import { readFixture } from '../../../buildkit-client/test/support/read-fixture.js'
import { FailureLog } from '../../src/build/build-failure.js'
import { ProgressParser } from '../../src/build/progress-parser.js'

/** Returns the error facts of a build with this output and exit code 1. */
function readFacts(bytes: Uint8Array) {
  const parser = new ProgressParser()
  const log = new FailureLog()
  log.push(parser.push(bytes))
  log.push(parser.end())
  return log.toFacts(parser.diagnostics, 1)
}

describe('FailureLog, with recorded output of BuildKit v0.32.2', () => {
  it('reports the failed step, its exit code, its last output, and its source', () => {
    expect(readFacts(readFixture('build-run-exit-9.stderr.txt'))).toEqual({
      step: '[2/2] RUN echo before; exit 9',
      command: 'RUN echo before; exit 9',
      exitCode: 9,
      lastLines: [
        'before',
        'Dockerfile.fail:3',
        '--------------------',
        '   1 |     FROM scratch',
        '   2 |     ADD busybox-rootfs.tar.gz /',
        '   3 | >>> RUN echo before; exit 9',
        '   4 |     ',
        '--------------------',
        expect.stringMatching(/^error: failed to solve: process .* did not complete successfully: exit code: 9$/),
      ],
      source: {
        file: 'Dockerfile.fail',
        line: 3,
        excerpt: [
          '   1 |     FROM scratch',
          '   2 |     ADD busybox-rootfs.tar.gz /',
          '   3 | >>> RUN echo before; exit 9',
          '   4 |     ',
        ],
      },
    })
  })

  it.each([
    {
      name: 'build-secret-missing',
      step: '[stage-0 2/2] RUN --mount=type=secret,id=tok,required=true cat /run/secrets/tok >/dev/null',
      last: /secret tok: not found$/,
    },
    {
      name: 'build-base-unreachable',
      step: '[internal] load metadata for docker.io/library/alpine:3.20',
      last: /network is unreachable$/,
    },
    { name: 'build-syntax-error', step: undefined, last: /line 2: unknown instruction: FLY$/ },
    { name: 'build-dockerfile-missing', step: undefined, last: /open Nope: no such file or directory$/ },
  ])('reports no exit code when no command ended: $name', ({ name, step, last }) => {
    const facts = readFacts(readFixture(`${name}.stderr.txt`))
    expect(facts).toMatchObject({ step, exitCode: undefined })
    expect(facts.lastLines.at(-1)).toMatch(last)
  })

  it('reports the source of a syntax error', () => {
    expect(readFacts(readFixture('build-syntax-error.stderr.txt')).source).toEqual({
      file: 'Dockerfile.bad',
      line: 2,
      excerpt: ['   1 |     FROM scratch', '   2 | >>> FLY away', '   3 |     '],
    })
  })

  it('keeps a long excerpt complete, and limits the last lines', () => {
    const excerpt = Array.from({ length: 60 }, (_, index) => `${String(index + 1).padStart(4)} | >>> line`)
    const rule = '-'.repeat(20)
    const text = ['Dockerfile:1', rule, ...excerpt, rule, 'error: failed to solve: x'].join('\n')
    expect(readFacts(Buffer.from(text)).source?.excerpt).toEqual(excerpt)
  })

  it.each(['build-dockerfile-missing.stderr.txt', 'build-ok.stderr.ndjson'])(
    'reports no source when BuildKit shows none: %s',
    (name) => {
      expect(readFacts(readFixture(name))).not.toHaveProperty('source')
    },
  )
})

it('reports the failed step and not the steps that were cancelled after it', () => {
  const fail = (digest: string, name: string, error: string) =>
    JSON.stringify({ vertexes: [{ digest, name, started: '2026-01-01T00:00:00Z', error }] })
  const lines = [
    fail('sha256:1', '[1/2] RUN false', 'exit code: 1'),
    fail('sha256:2', '[a 1/1] RUN sleep 60', 'process "sleep 60": context canceled'),
    'error: failed to solve: exit code: 1',
  ]
  expect(readFacts(Buffer.from(lines.join('\n')))).toMatchObject({ step: '[1/2] RUN false', exitCode: 1 })
  expect(readFacts(Buffer.from(lines[1] ?? '')).step).toBe('[a 1/1] RUN sleep 60')
})
