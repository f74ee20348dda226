import { tryByKit } from './try-by-kit.js'

await tryByKit('0.12 on macOS 15', 'none')
