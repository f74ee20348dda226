import type { StringMap } from '@capstan/core'

/** An image that a Dockerfile builds on or copies from. */
export interface DockerfileImage {
  readonly reference: string
  /** Of `FROM --platform=`. */
  readonly platform: string | undefined
}

/**
 * The images that a Dockerfile names, stages of its own and `scratch` left out.
 *
 * Knows the values of ARG before the first FROM; what stays unknown is left out: this is for looking ahead, the engine
 * reads the Dockerfile itself.
 */
export function findDockerfileImages(dockerfile: string, buildArgs: StringMap = {}): readonly DockerfileImage[] {
  const values = new Map<string, string>()
  const stages = new Set(['scratch'])
  const images: DockerfileImage[] = []
  for (const line of toInstructions(dockerfile)) {
    readArgument(line, values, buildArgs)
    const image = findFrom(line) ?? findCopyFrom(line)
    const reference = expand(image?.reference ?? '', values)
    if (image !== undefined && !isStage(reference, stages) && !reference.includes('$')) {
      images.push({ reference, platform: image.platform })
    }
    const stage = /^FROM\s.*\sAS\s+(\S+)\s*$/i.exec(line)?.[1]
    if (stage !== undefined) stages.add(stage.toLowerCase())
  }
  return images
}

/** One line each, continuations joined, comments and empty lines left out. */
function toInstructions(dockerfile: string): readonly string[] {
  const lines = dockerfile.split(/\r?\n/).filter((line) => !/^\s*(#|$)/.test(line))
  return lines
    .join('\n')
    .replace(/\\[ \t]*\n/g, ' ')
    .split('\n')
    .map((line) => line.trim())
}

function readArgument(line: string, values: Map<string, string>, buildArgs: StringMap): void {
  const [, name, value = ''] = /^ARG\s+([^\s=]+)(?:=(\S*))?/i.exec(line) ?? []
  if (name !== undefined) values.set(name, buildArgs[name] ?? value.replace(/^(["'])(.*)\1$/, '$2'))
}

function findFrom(line: string): DockerfileImage | undefined {
  const [, platform, reference] = /^FROM\s+(?:--platform=(\S+)\s+)?([^\s-]\S*)/i.exec(line) ?? []
  return reference === undefined ? undefined : { reference, platform }
}

function findCopyFrom(line: string): DockerfileImage | undefined {
  const [, reference] = /^COPY\s+(?:--\S+\s+)*?--from=(\S+)/i.exec(line) ?? []
  return reference === undefined ? undefined : { reference, platform: undefined }
}

function expand(reference: string, values: ReadonlyMap<string, string>): string {
  return reference.replace(/\$(?:\{(\w+)(?::-([^}]*))?\}|(\w+))/g, (whole, braced, fallback, plain) => {
    return values.get(braced ?? plain) || fallback || whole
  })
}

function isStage(reference: string, stages: ReadonlySet<string>): boolean {
  return reference === '' || /^\d+$/.test(reference) || stages.has(reference.toLowerCase())
}
