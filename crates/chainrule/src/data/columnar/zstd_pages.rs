//! Parquet whose pages are compressed by zstd, which the parquet crate unpacks by a library in C
//! alone: it hands the pages over as they are, and they are unpacked here.

use std::io::Read;
use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes as Shared;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ParquetRecordBatchReader, RowGroups};
use parquet::arrow::parquet_to_arrow_field_levels;
use parquet::basic::Compression;
use parquet::column::page::{Page, PageIterator, PageMetadata, PageReader};
use parquet::errors::{ParquetError, Result};
use parquet::file::metadata::{ParquetMetaData, RowGroupMetaData};
use parquet::file::reader::ChunkReader;
use parquet::file::serialized_reader::SerializedPageReader;

use crate::data::compressed::decompressed;

/// Reads a file some of whose pages are compressed by zstd; none of them may have more bytes than
/// the bound.
pub(super) fn reader<T: ChunkReader + 'static>(
    input: T,
    of_file: &ArrowReaderMetadata,
    rows: usize,
    bound: u64,
) -> Result<ParquetRecordBatchReader> {
    let metadata = Arc::clone(of_file.metadata());
    let schema = metadata.file_metadata().schema_descr_ptr();
    let all = ProjectionMask::all();
    let levels = parquet_to_arrow_field_levels(&schema, all, Some(of_file.schema().fields()))?;
    let groups = Groups { input: Arc::new(input), metadata, bound };
    ParquetRecordBatchReader::try_new_with_row_groups(&levels, &groups, rows, None)
}

/// The row groups of a file.
struct Groups<T> {
    input: Arc<T>,
    metadata: Arc<ParquetMetaData>,
    bound: u64,
}

impl<T: ChunkReader + 'static> RowGroups for Groups<T> {
    fn num_rows(&self) -> usize {
        self.row_groups().map(|group| usize::try_from(group.num_rows()).unwrap_or(0)).sum()
    }

    fn column_chunks(&self, column: usize) -> Result<Box<dyn PageIterator>> {
        let groups = 0..self.metadata.num_row_groups();
        let (input, metadata) = (Arc::clone(&self.input), Arc::clone(&self.metadata));
        Ok(Box::new(ColumnPages { input, metadata, column, groups, bound: self.bound }))
    }

    fn row_groups(&self) -> Box<dyn Iterator<Item = &RowGroupMetaData> + '_> {
        Box::new(self.metadata.row_groups().iter())
    }

    fn metadata(&self) -> &ParquetMetaData {
        &self.metadata
    }
}

/// The pages of a column, group after group.
struct ColumnPages<T> {
    input: Arc<T>,
    metadata: Arc<ParquetMetaData>,
    column: usize,
    groups: Range<usize>,
    bound: u64,
}

impl<T: ChunkReader + 'static> ColumnPages<T> {
    fn of_group(&self, group: usize) -> Result<Box<dyn PageReader>> {
        let group = self.metadata.row_group(group);
        let chunk = group.column(self.column);
        let rows = usize::try_from(group.num_rows())?;
        let input = Arc::clone(&self.input);
        if !matches!(chunk.compression(), Compression::ZSTD(_)) {
            return Ok(Box::new(SerializedPageReader::new(input, chunk, rows, None)?));
        }
        let as_it_is = chunk.clone().into_builder().set_compression(Compression::UNCOMPRESSED);
        let pages = SerializedPageReader::new(input, &as_it_is.build()?, rows, None)?;
        Ok(Box::new(Unpacked { pages, bound: self.bound }))
    }
}

impl<T: ChunkReader + 'static> Iterator for ColumnPages<T> {
    type Item = Result<Box<dyn PageReader>>;

    fn next(&mut self) -> Option<Self::Item> {
        self.groups.next().map(|group| self.of_group(group))
    }
}

impl<T: ChunkReader + 'static> PageIterator for ColumnPages<T> {}

/// Pages that are unpacked as they come.
struct Unpacked<T: ChunkReader> {
    pages: SerializedPageReader<T>,
    bound: u64,
}

impl<T: ChunkReader + 'static> Unpacked<T> {
    /// The bytes of a page, of which so many at the front are not compressed.
    fn bytes(&self, packed: &Shared, plain: usize) -> Result<Shared> {
        let fault = |reason: std::io::Error| ParquetError::General(reason.to_string());
        let Some((plain, packed)) = packed.split_at_checked(plain) else {
            return Err(ParquetError::General("a page is shorter than its header says".into()));
        };
        let mut bytes = plain.to_vec();
        // A page without a single value has nothing to unpack.
        if !packed.is_empty() {
            let unpacked = decompressed(packed).map_err(fault)?;
            unpacked.take(self.bound.saturating_add(1)).read_to_end(&mut bytes).map_err(fault)?;
        }
        match bytes.len() as u64 > self.bound {
            true => Err(ParquetError::General("a page unpacks to more than the memory".into())),
            false => Ok(bytes.into()),
        }
    }

    fn unpacked(&self, page: Page) -> Result<Page> {
        Ok(match page {
            Page::DataPage {
                buf,
                num_values,
                encoding,
                def_level_encoding,
                rep_level_encoding,
                statistics,
            } => Page::DataPage {
                buf: self.bytes(&buf, 0)?,
                num_values,
                encoding,
                def_level_encoding,
                rep_level_encoding,
                statistics,
            },
            Page::DataPageV2 {
                buf,
                num_values,
                encoding,
                num_nulls,
                num_rows,
                def_levels_byte_len,
                rep_levels_byte_len,
                is_compressed: true,
                statistics,
            } => {
                let levels = u64::from(def_levels_byte_len) + u64::from(rep_levels_byte_len);
                Page::DataPageV2 {
                    buf: self.bytes(&buf, usize::try_from(levels)?)?,
                    num_values,
                    encoding,
                    num_nulls,
                    num_rows,
                    def_levels_byte_len,
                    rep_levels_byte_len,
                    is_compressed: false,
                    statistics,
                }
            }
            Page::DataPageV2 { is_compressed: false, .. } => page,
            Page::DictionaryPage { buf, num_values, encoding, is_sorted } => {
                Page::DictionaryPage { buf: self.bytes(&buf, 0)?, num_values, encoding, is_sorted }
            }
        })
    }
}

impl<T: ChunkReader + 'static> Iterator for Unpacked<T> {
    type Item = Result<Page>;

    fn next(&mut self) -> Option<Self::Item> {
        self.get_next_page().transpose()
    }
}

impl<T: ChunkReader + 'static> PageReader for Unpacked<T> {
    fn get_next_page(&mut self) -> Result<Option<Page>> {
        match self.pages.get_next_page()? {
            Some(page) => self.unpacked(page).map(Some),
            None => Ok(None),
        }
    }

    fn peek_next_page(&mut self) -> Result<Option<PageMetadata>> {
        self.pages.peek_next_page()
    }

    fn skip_next_page(&mut self) -> Result<()> {
        self.pages.skip_next_page()
    }

    fn at_record_boundary(&mut self) -> Result<bool> {
        self.pages.at_record_boundary()
    }
}
