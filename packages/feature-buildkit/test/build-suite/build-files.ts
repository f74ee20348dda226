import { lstatSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { unpackArchive } from '@capstan/build-context'
import { imageTransferCapability, requireCapabilities } from '@capstan/core'
import { onTestFinished } from 'vitest'
import type { BuildRequest } from '../../src/index.js'
import type { TestedBuilder } from './tested-builder.js'

/** Creates a directory that exists until the end of the test. */
export function createDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'capstan-builds-'))
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }))
  return directory
}

/** Builds, and returns the directory with the files of the image. */
export async function buildDirectory(builder: TestedBuilder, request: Omit<BuildRequest, 'output'>): Promise<string> {
  const to = createDirectory()
  await builder.build({ ...request, output: { type: 'directory', to } }).result
  return to
}

/** Builds, and returns the texts of the files of the image by their paths. */
export async function buildTexts(
  builder: TestedBuilder,
  request: Omit<BuildRequest, 'output'>,
): Promise<Readonly<Record<string, string>>> {
  const directory = await buildDirectory(builder, request)
  return Object.fromEntries(listFiles(directory).map((path) => [path, readFileSync(join(directory, path), 'utf8')]))
}

/** Lists the paths of the files in a directory and in those below it. */
function listFiles(directory: string): readonly string[] {
  const paths = readdirSync(directory, { recursive: true, encoding: 'utf8' })
  return paths.filter((path) => lstatSync(join(directory, path)).isFile()).sort()
}

/** Saves an image, and returns its layers, its configuration and its manifests as one text, in which bytes are characters. */
export async function readImage({ scope }: TestedBuilder, tag: string): Promise<string> {
  const { images } = requireCapabilities(scope, { images: imageTransferCapability })
  const directory = createDirectory()
  await unpackArchive(await images.saveImage(tag), directory)
  const contents = listFiles(directory).map((path) => readFileSync(join(directory, path)))
  return contents.map((bytes) => (isGzip(bytes) ? gunzipSync(bytes) : bytes).toString('latin1')).join('\n')
}

function isGzip(bytes: Buffer): boolean {
  return bytes[0] === 0x1f && bytes[1] === 0x8b
}
