"""Bad inputs by the thousand: samples that are damaged as people and programs damage them, the same ones every time."""
