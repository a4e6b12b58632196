export const VERSION = '1.0.0';
export const SDK = `tasker-typescript/${VERSION}`;
