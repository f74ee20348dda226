import { createHash } from 'node:crypto'
import { type TarEntry, toTarArchive } from '../../../../tools/engine/tar-archive.mjs'
import { readFixture } from '../../../buildkit-client/test/support/read-fixture.js'
import type { FakeBuild } from './replay-build.js'

/** Creates the archive for `--output`, and the metadata: recorded, with the digests of the archive. */
export function toArchive({ files, labels, output }: FakeBuild): Archive {
  const tree = toTree(files)
  const { type = '', name = '' } = output
  if (type === 'tar') return { metadata: {}, archive: toTarArchive(tree) }
  const layer = toTarArchive(tree)
  const config = Buffer.from(JSON.stringify(toConfig(layer, labels)))
  const names = name.split(',').filter((one) => one !== '')
  const manifest = [{ Config: 'config.json', RepoTags: names, Layers: ['layer.tar'] }]
  const entries: readonly TarEntry[] = [
    { path: 'manifest.json', content: Buffer.from(JSON.stringify(manifest)) },
    { path: 'config.json', content: config },
    { path: 'layer.tar', content: layer },
  ]
  const metadata = {
    ...JSON.parse(readFixture('build-ok.metadata.json').toString()),
    'containerimage.config.digest': toDigest(config),
    'image.name': name,
  }
  return type === 'docker' || type === 'oci'
    ? { metadata, archive: toTarArchive(entries) }
    : { metadata, archive: undefined }
}

export interface Archive {
  readonly metadata: object
  readonly archive: Buffer | undefined
}

function toTree(files: FakeBuild['files']): readonly TarEntry[] {
  const directories = new Set(
    [...files.keys()].flatMap((path) =>
      path
        .split('/')
        .slice(0, -1)
        .map((_, index, parts) => parts.slice(0, index + 1).join('/')),
    ),
  )
  return [
    ...[...directories].sort().map((path) => ({ path, directory: true }) as const),
    ...[...files].map(([path, content]) => ({ path, content })),
  ]
}

function toConfig(layer: Buffer, labels: FakeBuild['labels']): object {
  return {
    architecture: process.arch === 'x64' ? 'amd64' : process.arch,
    os: 'linux',
    config: { Labels: { ...labels, 'capstan.test.fake-buildkit': '1' } },
    rootfs: { type: 'layers', diff_ids: [toDigest(layer)] },
    history: [{ comment: 'created by a fake BuildKit: the unchanged build context' }],
  }
}

function toDigest(content: Buffer): string {
  return `sha256:${createHash('sha256').update(content).digest('hex')}`
}
