import { posix } from 'node:path'
import type { MessageInitShape } from '@bufbuild/protobuf'
import type { StringMap } from '@capstan/core/plugin'
import type { SolveRequestSchema } from '../generated/control_pb.js'
import type { BuildCaches } from './build-caches.js'
import type { BuildOutput, BuildRequest } from './build-request.js'
import { namedSource } from './build-sources.js'

/** Where BuildKit runs: in an engine, whose exporter `moby` stores images there, or as a daemon of its own. */
export type BuildKitKind = 'engine' | 'daemon'

/** Options of `toSolveRequest`. */
interface SolveOptions {
  readonly ref: string
  readonly session: string
  readonly kind: BuildKitKind
  readonly caches: Pick<BuildCaches, 'imports' | 'exports'>
}

/** Returns the call that builds the request with BuildKit's Dockerfile frontend. It contains no secret. */
export function toSolveRequest(
  request: BuildRequest,
  { ref, session, kind, caches: { imports, exports } }: SolveOptions,
): MessageInitShape<typeof SolveRequestSchema> {
  const exporter = toExporter(request.output, kind)
  return {
    Ref: ref,
    Session: session,
    Frontend: 'dockerfile.v0',
    FrontendAttrs: {
      ...toFrontendAttrs(request, kind),
      // The frontend imports these caches. Those of the call itself are for builds without frontend.
      ...(imports.length > 0 && { 'cache-imports': JSON.stringify(imports) }),
    },
    Cache: { Imports: [...imports], Exports: [...exports] },
    Entitlements: [...(request.entitlements ?? [])],
    // BuildKit before v0.13 reads only the first form.
    ...(exporter && {
      ExporterDeprecated: exporter.Type,
      ExporterAttrsDeprecated: exporter.Attrs,
      Exporters: [exporter],
    }),
  }
}

/** https://github.com/moby/buildkit/blob/v0.32.2/frontend/dockerui/config.go */
function toFrontendAttrs(request: BuildRequest, kind: BuildKitKind): StringMap {
  const { context, dockerfile, dockerfileText, target, platforms = [], network, noCacheStages = [] } = request
  const hosts = Object.entries(request.extraHosts ?? {}).map(([name, address]) => `${name}=${address}`)
  const url = 'url' in context ? context.url : undefined
  const attrs: readonly (readonly [string, string | undefined])[] = [
    ['filename', posix.normalize(dockerfile ?? 'Dockerfile')],
    ['context', url],
    // Without it, the Dockerfile of a remote context is used.
    ['dockerfilekey', url !== undefined && dockerfileText !== undefined ? 'dockerfile' : undefined],
    ['target', target],
    ['platform', platforms.length === 0 ? undefined : platforms.join(',')],
    // The empty text stands for all stages.
    ['no-cache', request.noCache ? '' : noCacheStages.join(',') || undefined],
    ['force-network-mode', network],
    ['add-hosts', hosts.join(',') || undefined],
    ['image-resolve-mode', request.pull ? 'pull' : kind === 'engine' ? 'local' : undefined],
    ...Object.entries(request.buildArgs ?? {}).map(([key, value]) => [`build-arg:${key}`, value] as const),
    ...Object.entries(request.labels ?? {}).map(([key, value]) => [`label:${key}`, value] as const),
    ...Object.entries(request.namedContexts ?? {}).map(
      ([name, named]) => [`context:${name}`, typeof named === 'string' ? named : `local:${namedSource(name)}`] as const,
    ),
  ]
  return Object.fromEntries(attrs.flatMap(([key, value]) => (value === undefined ? [] : [[key, value]])))
}

/** An exporter of BuildKit and its attributes. */
interface Exporter {
  readonly Type: string
  readonly Attrs: Record<string, string>
}

function toExporter(output: BuildOutput, kind: BuildKitKind): Exporter | undefined {
  switch (output.type) {
    case 'load':
      return { Type: kind === 'engine' ? 'moby' : 'docker', Attrs: toName(output.tags) }
    case 'push':
      // By default an engine with the image store of containerd keeps the image as well.
      return {
        Type: 'image',
        Attrs: {
          ...toName(output.tags),
          ...(output.insecure && { 'registry.insecure': 'true' }),
          push: 'true',
          store: 'false',
        },
      }
    case 'archive':
      return output.format === 'files'
        ? { Type: 'tar', Attrs: {} }
        : { Type: output.format, Attrs: toName(output.tags ?? []) }
    case 'directory':
      return { Type: 'tar', Attrs: {} }
    case 'cache-only':
      return undefined
  }
}

function toName(tags: readonly string[]): Record<string, string> {
  return tags.length === 0 ? {} : { name: tags.join(',') }
}
