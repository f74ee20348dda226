import { createHash } from 'node:crypto'
import { type TarEntry, toTarArchive } from '../../../../../tools/engine/tar-archive.mjs'
import { type ImageConfig, toImageName } from './build-plan.js'
import { type FileTree, toTarEntries } from './file-tree.js'

/** Where a daemon stores images, which decides on its exporters. */
export type ImageStore = 'none' | 'docker' | 'containerd'

/** The exporters by the store: a daemon of its own, an engine with Docker's store, and one with the store of containerd. */
export const exporters: Readonly<Record<ImageStore, readonly string[]>> = {
  none: ['image', 'docker', 'oci', 'tar', 'local'],
  docker: ['moby', 'tar', 'local'],
  containerd: ['moby', 'image', 'docker', 'oci', 'tar', 'local'],
}

/** A result to export. */
export interface BuildOutput {
  readonly tree: FileTree
  readonly config: ImageConfig
  readonly platform: string
}

/** An exported result. */
export interface ExportedBuild {
  /** The name of the vertex. */
  readonly title: string
  /** The ids of the progress inside it. */
  readonly statuses: readonly string[]
  /** The archive that is sent to the client. */
  readonly archive: Buffer | undefined
  readonly response: Readonly<Record<string, string>>
}

/** Exports a result like the exporter `type` of a daemon with that store. */
export function exportBuild(output: BuildOutput, { type, name = '', store }: ExportOptions): ExportedBuild {
  if (type === 'tar') {
    const archive = toTarArchive(toTarEntries(output.tree))
    return { title: 'exporting to client tarball', statuses: ['sending tarball'], archive, response: {} }
  }
  const names = name.split(',').filter((one) => one !== '')
  const full = type === 'image' && store !== 'none' ? names : names.map(toImageName)
  const image = createImage(output)
  const isInDockerStore = type === 'moby' && store === 'docker'
  const digest = isInDockerStore ? image.configDigest : image.manifestDigest
  const response = {
    'containerimage.config.digest': image.configDigest,
    'containerimage.digest': digest,
    ...(!isInDockerStore && { 'containerimage.descriptor': image.descriptor }),
    ...(full.length > 0 && { 'image.name': full.join(',') }),
  }
  const written = isInDockerStore
    ? [`writing image ${digest}`]
    : [`exporting manifest ${image.manifestDigest}`, `exporting config ${image.configDigest}`]
  const isArchive = type === 'docker' || type === 'oci'
  const isUnpacked = type === 'moby' && store === 'containerd'
  const named = full.flatMap((one) => [`naming to ${one}`, ...(isUnpacked ? [`unpacking to ${one}`] : [])])
  const delivered = isArchive ? ['sending tarball'] : named
  return {
    title: isArchive ? `exporting to ${type} image format` : 'exporting to image',
    statuses: ['exporting layers', ...written, ...delivered],
    archive: isArchive ? toTarArchive(toImageEntries(image, { type, names })) : undefined,
    response,
  }
}

interface ExportOptions {
  readonly type: string
  readonly name: string | undefined
  readonly store: ImageStore
}

interface FakeImage {
  readonly layer: Buffer
  readonly config: Buffer
  readonly manifest: Buffer
  readonly configDigest: string
  readonly manifestDigest: string
  /** Base64 of JSON. */
  readonly descriptor: string
}

/** An image with one layer. */
function createImage({ tree, config, platform }: BuildOutput): FakeImage {
  const [os = '', architecture = ''] = platform.split('/')
  const layer = toTarArchive(toTarEntries(tree))
  const content = Buffer.from(
    JSON.stringify({
      architecture,
      os,
      config: { ...config, Labels: { ...config.Labels, 'capstan.test.fake-buildkit': '1' } },
      rootfs: { type: 'layers', diff_ids: [toDigest(layer)] },
      history: [{ comment: 'created by a fake BuildKit' }],
    }),
  )
  const toBlob = (mediaType: string, blob: Buffer) => ({ mediaType, digest: toDigest(blob), size: blob.length })
  const manifest = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: manifestType,
      config: toBlob('application/vnd.oci.image.config.v1+json', content),
      layers: [toBlob('application/vnd.oci.image.layer.v1.tar', layer)],
    }),
  )
  const descriptor = { ...toBlob(manifestType, manifest), platform: { architecture, os } }
  return {
    layer,
    config: content,
    manifest,
    configDigest: toDigest(content),
    manifestDigest: toDigest(manifest),
    descriptor: Buffer.from(JSON.stringify(descriptor)).toString('base64'),
  }
}

/** The layout of OCI; the format of Docker also has `manifest.json`. */
function toImageEntries(
  image: FakeImage,
  { type, names }: { readonly type: string; readonly names: readonly string[] },
) {
  const toPath = (blob: Buffer) => `blobs/sha256/${toDigest(blob).slice('sha256:'.length)}`
  const blobs = [image.layer, image.config, image.manifest].map((content) => ({ path: toPath(content), content }))
  const descriptors = (names.length === 0 ? [undefined] : names).map((name) => ({
    ...JSON.parse(Buffer.from(image.descriptor, 'base64').toString()),
    ...(name !== undefined && { annotations: { 'io.containerd.image.name': toImageName(name) } }),
  }))
  const index = { schemaVersion: 2, mediaType: 'application/vnd.oci.image.index.v1+json', manifests: descriptors }
  const manifest = [{ Config: toPath(image.config), RepoTags: names, Layers: [toPath(image.layer)] }]
  const toJson = (path: string, value: unknown) => ({ path, content: Buffer.from(JSON.stringify(value)) })
  const entries: readonly TarEntry[] = [
    { path: 'blobs', directory: true },
    { path: 'blobs/sha256', directory: true },
    ...blobs,
    toJson('index.json', index),
    ...(type === 'docker' ? [toJson('manifest.json', manifest)] : []),
    toJson('oci-layout', { imageLayoutVersion: '1.0.0' }),
  ]
  return entries
}

function toDigest(content: Buffer): string {
  return `sha256:${createHash('sha256').update(content).digest('hex')}`
}

const manifestType = 'application/vnd.oci.image.manifest.v1+json'
