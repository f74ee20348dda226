// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the texts are Dockerfiles
import { readFileSync } from 'node:fs'
import { describe, expect, it, test } from 'vitest'
import { type DockerfileImagesOptions, findDockerfileImages } from '../../src/dockerfile/dockerfile-images.js'

interface RecordedBuild extends DockerfileImagesOptions {
  readonly dockerfile: string
  /** The images that the classic builder of Docker Engine 20.10.24 pulled from reg.example.test:5000, in order. */
  readonly pulled: readonly string[]
  readonly fails?: true
}

const recorded: readonly RecordedBuild[] = JSON.parse(
  readFileSync(new URL('classic-builder.json', import.meta.url), 'utf8'),
)
const registry = 'reg.example.test:5000/'

/** Lists the images of the registry, each once and with a tag. */
function findPulled(build: RecordedBuild): readonly string[] {
  const images = findDockerfileImages(build.dockerfile, build).filter(({ use }) => use !== 'trigger')
  const names = images.map(({ reference }) => reference).filter((reference) => reference.startsWith(registry))
  const tagged = names
    .map((name) => name.slice(registry.length))
    .map((name) => (name.includes(':') ? name : `${name}:latest`))
  return [...new Set(tagged)]
}

describe('findDockerfileImages finds the images that the classic builder pulled', () => {
  const succeeding = recorded.filter(({ fails }) => fails === undefined)
  it.each(succeeding)('for $dockerfile with $buildArgs and target $target', (build) => {
    expect(findPulled(build)).toEqual(build.pulled)
  })

  const failing = recorded.filter(({ fails }) => fails === true)
  it.each(failing)('up to the failure of $dockerfile with $buildArgs and target $target', (build) => {
    expect(findPulled(build).slice(0, build.pulled.length)).toEqual(build.pulled)
  })
})

function list(dockerfile: string, options?: DockerfileImagesOptions): readonly string[] {
  return findDockerfileImages(dockerfile, options).map(({ reference }) => reference)
}

test.each<[string, string, readonly string[]]>([
  ['an ARG and its default', 'ARG V=1\nFROM a:$V', ['a:1']],
  ['a default of an earlier default', 'ARG H=r.example\nARG I=${H}/app\nFROM $I:2', ['r.example/app:2']],
  ['an alternate', 'ARG A\nFROM ${A:+no/}${A:-yes}', ['yes']],
  ['nested defaults', 'FROM ${A:-${B:-r.example/c}}', ['r.example/c']],
  ['the escape directive', '# escape=`\nFROM `\n  a', ['a']],
  ['a byte order mark before the directive', '\uFEFF# escape=`\nFROM `\n  a', ['a']],
  ['CRLF', 'ARG V=1\r\nFROM \\\r\n  a:$V\r\n', ['a:1']],
  ['quotes', `ARG A="r.example/'a'" B='$A'\nFROM "r.example"/b`, ['r.example/b']],
  ['comments and empty lines in a continuation', 'FROM \\\n# one\n\n  # two\n a', ['a']],
  ['COPY --from an image', 'FROM a\nCOPY --chown=1 --from=b /x /y', ['a', 'b']],
  [
    'COPY --from a stage, by name and number',
    'FROM a AS Base\nFROM b\nCOPY --from=bAse /x /y\nCOPY --from=0 /x /y',
    ['a', 'b'],
  ],
  ['COPY --from with a variable, which builders do not expand', 'ARG X=b\nFROM a\nARG X\nCOPY --from=$X /x /y', ['a']],
  ['RUN --mount=from', 'FROM a\nRUN --mount=type=bind,from=b,target=/x --mount=type=cache,target=/y true', ['a', 'b']],
  ['RUN --mount=from a stage', 'FROM a AS s\nFROM b\nRUN --mount=from=s,target=/x true', ['a', 'b']],
  ['RUN --mount with fields in quotes', `FROM a\nRUN --mount='"target=/x,y",from=b' true`, ['a', 'b']],
  ['ONBUILD COPY --from', 'FROM a\nONBUILD COPY --from=b /x /y', ['a', 'b']],
  ['ONBUILD RUN --mount=from', 'FROM a\nONBUILD RUN --mount=from=b true', ['a', 'b']],
  ['FROM scratch and a stage', 'FROM scratch AS s\nFROM S', []],
  ['FROM a number, which is an image', 'FROM a\nFROM 0', ['a', '0']],
  ['digests', `FROM a@sha256:${'1'.repeat(64)}`, [`a@sha256:${'1'.repeat(64)}`]],
  ['a heredoc that looks like an instruction', 'FROM a\nRUN <<EOF\nFROM evil\nEOF\nCOPY --from=b /x /y', ['a', 'b']],
  ['heredocs with quotes and tabs', "FROM a\nRUN <<-'X' cat <<Y\n\tFROM evil\n\tX\nFROM evil\nY\nFROM b", ['a', 'b']],
  ['<< in a word list', 'FROM a\nRUN ["cat", "<<EOF"]\nFROM b', ['a', 'b']],
  ['<< in quotes and <<<', 'FROM a\nRUN cat "<<EOF" <<<x\nFROM b', ['a', 'b']],
  ['index.docker.io', 'FROM index.docker.io/me/a', ['index.docker.io/me/a']],
  ['the stages before an empty base image', 'FROM a\nFROM $NONE\nFROM b', ['a']],
  ['an invalid Dockerfile', 'ENV A=1\nFROM a', []],
  ['patterns', 'ARG V=v1.2.3\nFROM a:${V#v}-${V%%.*}-${V//./_}', ['a:1.2.3-v1-v1_2_3']],
  ['a required variable that is not set', 'FROM ${A:?needed}', []],
])('finds the images of %s', (_, dockerfile, expected) => {
  expect(list(dockerfile)).toEqual(expected)
})

test('ignores the stages after the target, whose name is case-insensitive', () => {
  const dockerfile = 'FROM a AS One\nFROM b AS two\nFROM c'
  expect(list(dockerfile, { target: 'ONE' })).toEqual(['a'])
  expect(list(dockerfile, { target: 'none' })).toEqual([])
})

test('distinguishes the sources of this build from ONBUILD triggers, and runs the triggers of its own stages', () => {
  const dockerfile = 'FROM a AS base\nONBUILD COPY --from=b /x /y\nFROM base'
  expect(findDockerfileImages(dockerfile)).toEqual([
    { reference: 'a', platform: undefined, use: 'base' },
    { reference: 'b', platform: undefined, use: 'trigger' },
    { reference: 'b', platform: undefined, use: 'source' },
  ])
})

test('expands the variables of a platform', () => {
  const [image] = findDockerfileImages('ARG P=linux/arm64\nFROM --platform=$P a')
  expect(image).toEqual({ reference: 'a', platform: 'linux/arm64', use: 'base' })
})

test.each<[string, string, DockerfileImagesOptions, string, string]>([
  ['several names in one ARG', 'ARG A=1 B=${A}x\nFROM a:t$B', {}, 'a:tx', 'a:t1x'],
  ['an ARG without a default after one with it', 'ARG A=1\nARG A\nFROM a:t$A', {}, 'a:t', 'a:t1'],
  ['a proxy that no ARG declares', 'FROM a:t$HTTP_PROXY', { buildArgs: { HTTP_PROXY: 'p' } }, 'a:tp', 'a:t'],
])('reads %s like each builder', (_, dockerfile, options, classic, buildkit) => {
  expect(list(dockerfile, { ...options, builder: 'classic' })).toEqual([classic])
  expect(list(dockerfile, { ...options, builder: 'buildkit' })).toEqual([buildkit])
})

test('expands the predefined variables that are given', () => {
  const variables = new Map([['TARGETARCH', 'arm64']])
  expect(list('FROM a:$TARGETARCH', { variables })).toEqual(['a:arm64'])
})
