/** This machine's platform in the words of an image. */
export function toPlatform(): string {
  return `linux/${process.arch === 'x64' ? 'amd64' : process.arch}`
}
